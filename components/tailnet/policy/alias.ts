import { parseAddress, parseNetwork, type IpRange } from "./ip";

/** Who or what a word of a policy means. */
export type Alias =
  | { readonly kind: "any" }
  | { readonly kind: "user"; readonly name: string }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "tag"; readonly name: string }
  | { readonly kind: "autogroup"; readonly name: string }
  | { readonly kind: "host"; readonly name: string }
  | { readonly kind: "network"; readonly name: string; readonly range: IpRange }
  /** Known words that are no address, name or principal: ipset:, svc:, posture: (Tailscale), or nothing known at all. */
  | { readonly kind: "other"; readonly name: string };

/**
 * Reads an alias in the order in which Headscale does: an address or network, then *, then whatever contains an @ is a
 * user, then the prefixes, then a host (hscontrol/policy/v2/types.go, parseAlias).
 */
export function parseAlias(text: string): Alias {
  const range = parseNetwork(text);
  if (range !== undefined) return { kind: "network", name: text, range };
  if (text === "*") return { kind: "any" };
  if (text.includes("@")) return { kind: "user", name: text };
  for (const kind of ["group", "tag", "autogroup"] as const) {
    if (text.startsWith(`${kind}:`)) return { kind, name: text };
  }
  return { kind: text.includes(":") ? "other" : "host", name: text };
}

/** A destination with ports, split; or what is wrong with it. */
export type Target = { readonly alias: string; readonly ports: string } | { readonly wrong: string };

/** "tag:db:5432" to its alias and ports; IPv6 addresses may stand in brackets ("[fd7a::1]:22", "[fd7a::]/64:*"). */
export function splitTarget(text: string): Target {
  const plain = text.startsWith("[") ? withoutBrackets(text) : text;
  if (plain === undefined) return { wrong: "has brackets around something else than an IPv6 address" };
  const colon = plain.lastIndexOf(":");
  if (colon === -1 || /^(group|tag|autogroup):[^:]*[^:\d*,-][^:]*$/.test(plain)) return { wrong: "has no ports" };
  if (colon === 0 || colon === plain.length - 1) return { wrong: "has nothing on one side of its last colon" };
  return { alias: plain.slice(0, colon), ports: plain.slice(colon + 1) };
}

function withoutBrackets(text: string): string | undefined {
  const close = text.indexOf("]");
  const host = text.slice(1, close);
  const rest = text.slice(close + 1);
  const isSix = close !== -1 && parseAddress(host)?.family === 6;
  return isSix && /^[:/]/.test(rest) ? host + rest : undefined;
}
