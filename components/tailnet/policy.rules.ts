/** Sources that stand for everybody. From Headscale 0.29 on "*" is the tailnet only, and danger-all is the whole internet. */
const everybody = new Set(["*", "autogroup:danger-all", "autogroup:member", "autogroup:members"]);
/** Prefixes that hold every address, or every address of the tailnet (https://tailscale.com/kb/1015/100.x-addresses). */
const everywhere = new Set(["*", "0.0.0.0/0", "::/0", "100.64.0.0/10", "fd7a:115c:a1e0::/48"]);
const everyPort = new Set(["*", "0-65535", "1-65535"]);

/**
 * Says in what ways a tailnet policy allows everything; an empty list means that it does not.
 *
 * A policy that is empty, or has neither acls nor grants, allows everything in Headscale and in Tailscale: the key may hold
 * an empty list (deny all), but it must be there (Headscale hscontrol/policy/v2/filter.go, docs/ref/policy.md).
 *
 * @param text the policy as strict JSON; HuJSON's comments and trailing commas are reported as unreadable
 */
export function allowAllProblems(text: string): readonly string[] {
  if (text.trim() === "") return ["is empty, which allows everybody everything"];
  const policy = parse(text);
  if (!isRecord(policy)) return ["cannot be read as a JSON object, so nothing can be said about what it allows"];
  const acls = policy["acls"] ?? undefined;
  const grants = policy["grants"] ?? undefined;
  if (acls === undefined && grants === undefined) {
    return ["has neither acls nor grants, which allows everybody everything"];
  }
  return [
    ...rules("acls", acls).filter(({ rule }) => isOpenAcl(rule)),
    ...rules("grants", grants).filter(({ rule }) => isOpenGrant(rule)),
  ].map(({ path }) => `lets everybody reach every port of every machine (${path})`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rules(key: string, value: unknown): { path: string; rule: Readonly<Record<string, unknown>> }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((rule: unknown, index) => (isRecord(rule) ? [{ path: `${key}[${index}]`, rule }] : []));
}

function isOpenAcl(rule: Readonly<Record<string, unknown>>): boolean {
  return strings(rule["src"]).some(isEverybody) && strings(rule["dst"]).some(isEverythingOfAcl);
}

/** Destinations of acls are "host:ports"; the host may hold colons itself (IPv6). */
function isEverythingOfAcl(destination: string): boolean {
  if (everywhere.has(destination)) return true;
  const colon = destination.lastIndexOf(":");
  return everywhere.has(destination.slice(0, colon)) && everyPort.has(destination.slice(colon + 1));
}

/** Grants name hosts in dst and "ports" or "protocol:ports" in ip; a grant without ip gives an application's rights only. */
function isOpenGrant(rule: Readonly<Record<string, unknown>>): boolean {
  return (
    strings(rule["src"]).some(isEverybody) &&
    strings(rule["dst"]).some((destination) => everywhere.has(destination)) &&
    strings(rule["ip"]).some((ports) => everyPort.has(ports.slice(ports.lastIndexOf(":") + 1)))
  );
}

function isEverybody(source: string): boolean {
  return everybody.has(source) || everywhere.has(source);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
