import { splitTarget } from "../policy/alias";
import type { AclRule, GrantRule, Policy } from "../policy/model";
import { ALL_PORTS, parsePorts, type PortRange } from "../policy/ports";
import { DEFAULT_PROTOCOLS, hasPorts, ICMP, parseGrantPorts, protocolNumber } from "../policy/protocol";
import { EVERYTHING, type Side, type Sides } from "./sides";

/** One thing that one rule opens: to some sources, at some destinations, some ports. */
export interface Entry {
  /** Where the rule stands in the policy: acls[3]. */
  readonly rule: string;
  readonly sources: Side;
  /** Where it opens; "self" are the devices of the source's own user. */
  readonly targets: Side | "self";
  /** The rule names autogroup:internet, which routers of via give only when they are exit nodes. */
  readonly toInternet: boolean;
  /** Numbers; never empty. */
  readonly protocols: readonly number[];
  readonly ports: readonly PortRange[];
  /** Only at routers with one of these tags. */
  readonly via: readonly string[];
}

/** The rule that holds when a policy has neither acls nor grants: everything is allowed. */
export const ALLOW_ALL = "no acls and no grants";

const SELF = "autogroup:self";
const TO_INTERNET = "autogroup:internet";

/** What the rules of a policy open, in the order of the policy. */
export function entriesOf(policy: Policy, sides: Sides): Entry[] {
  if (policy.acls === undefined && policy.grants === undefined) return [allowAll()];
  return [
    ...(policy.acls ?? []).flatMap((rule, index) => aclEntries(rule, `acls[${index}]`, sides)),
    ...(policy.grants ?? []).flatMap((rule, index) => grantEntries(rule, `grants[${index}]`, sides)),
  ];
}

/** Whether an entry lets a connection through, as the client of the destination decides (tailscale: wgengine/filter). */
export function opens({ protocols, ports }: Entry, protocol: number, port: number): boolean {
  // A ping goes wherever anything goes: matchIPsOnly looks at no protocol and no port.
  if (ICMP.includes(protocol)) return true;
  if (!protocols.includes(protocol)) return false;
  // matchProtoAndIPsOnlyIfAllPorts: what has no ports is let through by a rule for every port only.
  if (!hasPorts(protocol)) return ports.some(([first, last]) => first === ALL_PORTS[0] && last === ALL_PORTS[1]);
  return ports.some(([first, last]) => first <= port && port <= last);
}

function allowAll(): Entry {
  const all: Side = { nodes: new Set(), ranges: EVERYTHING };
  const opened = { protocols: DEFAULT_PROTOCOLS, ports: [ALL_PORTS], via: [], toInternet: false };
  return { rule: ALLOW_ALL, sources: all, targets: all, ...opened };
}

function aclEntries({ src, dst, proto }: AclRule, rule: string, sides: Sides): Entry[] {
  const sources = sides.sources(src);
  const number = proto === undefined || proto === "" ? undefined : protocolNumber(proto);
  const protocols = number === undefined ? DEFAULT_PROTOCOLS : [number];
  return dst.flatMap((text): Entry[] => {
    const target = splitTarget(text);
    const ports = "wrong" in target ? target : parsePorts(target.ports);
    if ("wrong" in target || "wrong" in ports) return [];
    const targets = target.alias === SELF ? SELF_TARGETS : sides.targets([target.alias]);
    return [{ rule, sources, targets, toInternet: target.alias === TO_INTERNET, protocols, ports, via: [] }];
  });
}

const SELF_TARGETS = "self" as const;

/**
 * Who is shown to whom besides those that may open something: a grant of capabilities opens nothing, yet the nodes on its
 * two sides know each other (Headscale: matcher.go, MatchFromFilterRule).
 */
export function acquaintancesOf({ grants = [] }: Policy, sides: Sides): Entry[] {
  return grants.flatMap((rule, index) =>
    rule.app === undefined || (rule.via ?? []).length > 0
      ? []
      : grantEntries({ ...rule, ip: ["*"] }, `grants[${index}]`, sides),
  );
}

function grantEntries({ src, dst, ip = [], via = [] }: GrantRule, rule: string, sides: Sides): Entry[] {
  const sources = sides.sources(src);
  const others = dst.filter((alias) => alias !== SELF && !(via.length > 0 && alias === TO_INTERNET));
  const targets = [
    ...(others.length > 0 ? [via.length > 0 ? literal(others, sides) : sides.targets(others)] : []),
    ...(dst.includes(SELF) && via.length === 0 ? [SELF_TARGETS] : []),
  ];
  return ip.flatMap((text) => {
    const opened = parseGrantPorts(text);
    if ("wrong" in opened) return [];
    const toInternet = dst.includes(TO_INTERNET);
    const nowhere: Side = { nodes: new Set(), ranges: [] };
    const all = targets.length === 0 && via.length > 0 ? [nowhere] : targets;
    return all.map((to): Entry => ({ rule, sources, targets: to, toInternet, ...opened, via }));
  });
}

/** Destinations of a rule with via are taken as they resolve: * is the tailnet's own addresses (resolveViaDestinations). */
function literal(aliases: readonly string[], sides: Sides): Side {
  const resolved = aliases.map((alias) => sides.resolve(alias));
  return {
    nodes: new Set(resolved.flatMap(({ nodes }) => [...nodes])),
    ranges: resolved.flatMap((side) => side.ranges),
  };
}
