import type { PortRange } from "../policy/ports";
import type { Access } from "./access";

/** Ports by protocol and the rules that open them, rules aside when compared. */
export interface Gain {
  readonly protocols: readonly string[];
  readonly ports: readonly PortRange[];
  readonly rules: readonly string[];
}

/** What is in one access and not in another: ports that are opened only there. */
export function gainsOf(access: Access, other: Access): Gain[] {
  const gains = access.flatMap(({ protocols, ports, rules }) =>
    protocols.map((protocol): Gain => ({
      protocols: [protocol],
      ports: minus(ports, portsOf(other, protocol)),
      rules,
    })),
  );
  return together(gains.filter(({ ports }) => ports.length > 0));
}

function portsOf(access: Access, wanted: string): PortRange[] {
  // A ping goes wherever anything goes, so it is no news next to any access.
  if (wanted === "icmp" && access.length > 0) return [[0, 65535]];
  return access.flatMap(({ protocols, ports }) => (protocols.includes(wanted) ? ports : []));
}

function minus(ports: readonly PortRange[], removed: readonly PortRange[]): PortRange[] {
  return removed.reduce<PortRange[]>(
    (left, [from, to]) =>
      left.flatMap(([first, last]): PortRange[] => [
        ...(first < from ? [[first, Math.min(last, from - 1)] as const] : []),
        ...(last > to ? [[Math.max(first, to + 1), last] as const] : []),
      ]),
    [...ports],
  );
}

/** Protocols that gain the same ports by the same rules in one. */
function together(gains: readonly Gain[]): Gain[] {
  const found = new Map<string, Gain>();
  for (const gain of gains) {
    const key = `${gain.ports.join()} ${gain.rules.join()}`;
    const known = found.get(key);
    found.set(key, known === undefined ? gain : { ...known, protocols: [...known.protocols, ...gain.protocols] });
  }
  return [...found.values()];
}
