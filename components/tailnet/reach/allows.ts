import { covers, type IpRange } from "../policy/ip";
import { PolicyError, type PolicyProblem } from "../policy/problems";
import { canonicalProtocol, hasPorts, PROTOCOL_NAMES, protocolNumber, TCP } from "../policy/protocol";
import { opens, type Entry } from "./entries";
import type { KnownNode, Network } from "./nodes";
import { partyNamed, partyOf, type Reachability } from "./reachability";
import { EVERYTHING, INTERNET } from "./sides";
import { isIn, isSource, opened, opensToSelf, spotsOf, type Party, type Spot } from "./spots";

export interface Question {
  /** A node's name, an address, a network or a host of the policy. */
  readonly source: string;
  readonly destination: string;
  /** 0 to 65535; protocols without ports need none. */
  readonly port?: number;
  /** A name or a number; "icmp" is a ping in either family. @default "tcp" */
  readonly protocol?: string | number;
}

export type Answer =
  | {
      readonly allowed: true;
      /** The first rule that allows it: acls[3]. */
      readonly rule: string;
      /** Every rule that allows it. */
      readonly rules: readonly string[];
      readonly families: readonly ("ipv4" | "ipv6")[];
      /** Whether all of the destination is reached; false for a network of which a part is. */
      readonly whole: boolean;
    }
  | { readonly allowed: false; readonly reason: string };

/**
 * Whether a connection is let through, and by which rules. It is when it is in one of the families both have; of a
 * network, when it is to some address of it. This is what the packet filters say that the server gives to nodes. Headscale
 * 0.29.1 shows a router of a rule with `via` to a source only when another rule lets one of the two reach the other, so a
 * policy needs that rule too.
 *
 * @throws PolicyError when the question names what does not exist
 */
export function allows(reachability: Reachability, question: Question): Answer {
  const { source, target, protocol, port } = read(reachability, question);
  const spots = spotsOf(target, reachability.network);
  if (spots.length === 0) return { allowed: false, reason: `no node is or routes ${question.destination}` };
  const ways = reachability.entries.flatMap((entry) =>
    opens(entry, protocol, port) ? waysOf(reachability, entry, source, spots) : [],
  );
  const rules = [...new Set(ways.map(({ rule }) => rule))];
  const [rule] = rules;
  if (rule === undefined) return { allowed: false, reason: `no rule lets ${question.source} in` };
  const families = ([4, 6] as const).filter((family) => ways.some(({ range }) => range.family === family));
  const whole = target.ranges.every(
    (range) => !families.includes(range.family) || ways.some((way) => covers(way.range, range)),
  );
  return { allowed: true, rule, rules, families: families.map((family) => `ipv${family}` as const), whole };
}

/** The parts of spots that an entry opens to a source. */
export function waysOf(reachability: Reachability, entry: Entry, source: Party, spots: readonly Spot[]) {
  return spots.flatMap((spot) => {
    const { family } = spot.range;
    if (opensToSelf(entry, source, spot, reachability.network)) return [{ rule: entry.rule, range: spot.range }];
    if (!isSource(entry, source, family)) return [];
    if (spot.kind === "exit" && !seesExit(reachability, source, spot.at)) return [];
    return opened(entry, spot).map((range) => ({ rule: entry.rule, range }));
  });
}

/**
 * Only nodes use exit nodes, and only those they are shown: that they may reach themselves, through which they may reach
 * networks or the whole internet, or that may reach them (Headscale: hscontrol/types/node.go, canAccess).
 */
export function seesExit({ acquaintances, network }: Reachability, { node }: Party, exit: KnownNode): boolean {
  if (node === undefined || node.index === exit.index) return false;
  return acquaintances.some((entry) => isShown(entry, node, exit, network) || isShown(entry, exit, node, network));
}

function isShown(entry: Entry, from: KnownNode, to: KnownNode, network: Network): boolean {
  const own = to.addresses.map((range): Spot => ({ at: to, range, kind: "own" }));
  if (own.some((spot) => opensToSelf(entry, partyOf(from), spot, network))) return true;
  if (entry.targets === "self" || !isIn(entry.sources, [from.index], [...from.addresses, ...from.routes])) return false;
  const behind = to.routes.map((range): Spot => ({ at: to, range, kind: "route" }));
  if ([...own, ...behind].some((spot) => opened(entry, spot).length > 0)) return true;
  return to.exits.length > 0 && isWholeInternet(entry, to);
}

/** Every address of one family, or all that autogroup:internet means (Headscale: matcher.go, DestsIsTheInternet). */
function isWholeInternet({ targets, via, toInternet }: Entry, exit: KnownNode): boolean {
  if (via.length > 0) return toInternet && exit.tags.some((tag) => via.includes(tag));
  if (targets === "self") return false;
  const isCovered = (wanted: IpRange) => targets.ranges.some((range) => covers(range, wanted));
  return EVERYTHING.some(isCovered) || INTERNET.every(isCovered);
}

function read(reachability: Reachability, { source, destination, port, protocol = "tcp" }: Question) {
  const problems: PolicyProblem[] = [];
  const party = (path: string, name: string): Party => {
    const found = partyNamed(reachability, name);
    const allowed = "a node, an address, a network or a host of the policy";
    if (found === undefined) problems.push({ path, value: name, reason: "is unknown", allowed, remedy: "correct it" });
    return found ?? { ranges: [], nodes: { 4: [], 6: [] } };
  };
  const parties = { source: party("source", source), target: party("destination", destination) };
  const number = protocolNumber(canonicalProtocol(String(protocol)));
  if (number === undefined) {
    problems.push({
      path: "protocol",
      value: protocol,
      reason: "is no protocol",
      allowed: `${PROTOCOL_NAMES}, 1-255`,
      remedy: "name one of them",
    });
  } else if (hasPorts(number) && (port === undefined || !Number.isInteger(port) || port < 0 || port > 65535)) {
    const value = port === undefined ? {} : { value: port };
    problems.push({ path: "port", ...value, reason: "is no port", allowed: "0 to 65535", remedy: "name the port" });
  }
  if (problems.length > 0) throw new PolicyError(problems, "The question");
  return {
    ...parties,
    protocol: number ?? TCP,
    port: port ?? 0,
  };
}
