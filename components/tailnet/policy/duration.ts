const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** Seconds of a duration as Go writes it ("12h", "1h30m", "-5m", "0"); undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  const [, sign, rest = ""] = /^([+-]?)(.+)$/s.exec(text) ?? [];
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== rest) return undefined;
  const seconds = parts.reduce((sum, [, amount = "", unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
  return sign === "-" ? -seconds : seconds;
}
