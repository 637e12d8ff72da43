import { z } from "zod";

/** Sources that stand for everybody. From 0.29 on "*" is the tailnet only, and danger-all is the whole internet. */
const everybody = ["*", "autogroup:danger-all", "autogroup:member", "autogroup:members"];
/** Prefixes that hold every address, or every address of a tailnet: https://tailscale.com/kb/1015/100.x-addresses */
const everywhere = ["*", "0.0.0.0/0", "::/0", "100.64.0.0/10", "fd7a:115c:a1e0::/48"];
const everyPort = ["*", "0-65535", "1-65535"];

const texts = z.array(z.string()).catch([]);
const rules = z.array(z.object({ src: texts, dst: texts, ip: texts }).catch({ src: [], dst: [], ip: [] })).catch([]);
const shape = z
  .object({ acls: z.unknown().optional(), grants: z.unknown().optional() })
  .catch({ acls: undefined, grants: undefined });

/**
 * In what ways a policy allows everything; empty when it does not. Without "acls" and "grants", or with null for them, Headscale
 * allows everybody everything; an empty list denies everything: hscontrol/policy/v2/filter.go, compileFilterRules (0.29.1).
 */
export function openness(policy: unknown): readonly string[] {
  const { acls, grants } = shape.parse(policy);
  if ((acls ?? undefined) === undefined && (grants ?? undefined) === undefined) {
    return ["has neither acls nor grants, which allows everybody everything"];
  }
  const open = [
    ...rules.parse(acls).flatMap(({ src, dst }, index) => (isOpen(src, dst.some(isAll)) ? [`acls[${index}]`] : [])),
    ...rules
      .parse(grants)
      .flatMap(({ src, dst, ip }, index) =>
        isOpen(src, dst.some((to) => everywhere.includes(to)) && ip.some(isAllPorts)) ? [`grants[${index}]`] : [],
      ),
  ];
  return open.map((path) => `lets everybody reach every port of every machine (${path})`);
}

function isOpen(sources: readonly string[], toEverything: boolean): boolean {
  return toEverything && sources.some((source) => everybody.includes(source) || everywhere.includes(source));
}

/** Destinations of acls are "host:ports"; the host may hold colons itself (IPv6). */
function isAll(destination: string): boolean {
  if (everywhere.includes(destination)) return true;
  const colon = destination.lastIndexOf(":");
  return everywhere.includes(destination.slice(0, colon)) && everyPort.includes(destination.slice(colon + 1));
}

/** A grant names "ports" or "protocol:ports"; one without ip gives rights in applications only. */
function isAllPorts(ports: string): boolean {
  return everyPort.includes(ports.slice(ports.lastIndexOf(":") + 1));
}
