import { covers, overlaps, type IpRange } from "../policy/ip";
import type { Entry } from "./entries";
import type { KnownNode, Network } from "./nodes";
import { INTERNET, PASSED_ON, type Side } from "./sides";

/** A source or a destination of a question: a node, an address or a network, with the nodes that are in it. */
export interface Party {
  readonly ranges: readonly IpRange[];
  /** Nodes by the family in which the party means them. */
  readonly nodes: { readonly 4: readonly number[]; readonly 6: readonly number[] };
  /** The node itself when the party is one. */
  readonly node?: KnownNode;
}

/** Addresses of a destination, and the node whose packet filter decides about them. */
export interface Spot {
  readonly at: KnownNode;
  readonly range: IpRange;
  /** The node's own address, one behind it, or one of the internet. */
  readonly kind: "own" | "route" | "exit";
}

/** Where packets to a destination arrive: at nodes themselves, at routers with a route to it, at exit nodes. */
export function spotsOf(party: Party, { nodes }: Network): Spot[] {
  if (party.node !== undefined) {
    const at = party.node;
    return at.addresses.map((range): Spot => ({ at, range, kind: "own" }));
  }
  return party.ranges.flatMap((range) => {
    const own = nodes.flatMap((at) =>
      at.addresses
        .filter((address) => covers(range, address))
        .map((address): Spot => ({ at, range: address, kind: "own" })),
    );
    if (own.length > 0 && range.first === range.last) return own;
    const routed = nodes.flatMap((at) =>
      common(at.routes, range).map((part): Spot => ({ at, range: part, kind: "route" })),
    );
    const outside = routed.some((spot) => covers(spot.range, range)) ? [] : exitSpots(range, nodes);
    return [...own, ...routed, ...outside];
  });
}

function exitSpots(range: IpRange, nodes: readonly KnownNode[]): Spot[] {
  const parts = common(PASSED_ON, range);
  return nodes.flatMap((at) =>
    parts.filter(({ family }) => at.exits.includes(family)).map((part): Spot => ({ at, range: part, kind: "exit" })),
  );
}

/** Whether a party is among the sources of a rule in one family. */
export function isSource({ sources }: Entry, party: Party, family: 4 | 6): boolean {
  return isIn(sources, party.nodes[family], party.ranges, family);
}

/** The part of a spot that a rule opens, whoever asks; self rules are another question. */
export function opened({ targets, via, toInternet }: Entry, { at, range, kind }: Spot): IpRange[] {
  if (targets === "self") return [];
  if (via.length > 0) {
    if (!at.tags.some((tag) => via.includes(tag))) return [];
    const served = targets.ranges.filter((to) => at.routes.some((route) => overlaps(route, to)));
    return common(toInternet && at.exits.length > 0 ? [...served, ...INTERNET] : served, range);
  }
  if (kind === "own" && targets.nodes.has(at.index)) return [range];
  const kept = kind === "exit" ? targets.ranges.filter((to) => isKeptAt(to, targets, at)) : targets.ranges;
  return common(kept, range);
}

/** Whether a spot is a device of the same user as some node of the party that the rule has among its sources. */
export function opensToSelf(entry: Entry, party: Party, { at, range, kind }: Spot, { nodes }: Network): boolean {
  if (entry.targets !== "self" || kind !== "own" || at.user === undefined) return false;
  return party.nodes[range.family].some((index) => {
    const node = nodes[index];
    return node !== undefined && node.user === at.user && isIn(entry.sources, [index], node.addresses);
  });
}

/** A server leaves at an exit node the rules for it, for its networks, and for addresses of the internet alone. */
function isKeptAt(to: IpRange, side: Side, at: KnownNode): boolean {
  if (at.addresses.some((address) => covers(to, address)) || at.routes.some((route) => overlaps(route, to)))
    return true;
  return INTERNET.some((part) => covers(part, to)) || isInternet(to, side);
}

/** autogroup:internet resolves to many networks; each of them is of the internet. */
function isInternet(to: IpRange, { ranges }: Side): boolean {
  return ranges.includes(to) && INTERNET.includes(to);
}

export function isIn(side: Side, nodes: readonly number[], addresses: readonly IpRange[], family?: 4 | 6): boolean {
  if (nodes.some((node) => side.nodes.has(node))) return true;
  return side.ranges.some(
    (range) =>
      (family === undefined || range.family === family) && addresses.some((address) => overlaps(range, address)),
  );
}

function common(ranges: readonly IpRange[], range: IpRange): IpRange[] {
  return ranges.flatMap((other) => {
    if (!overlaps(other, range)) return [];
    const first = other.first > range.first ? other.first : range.first;
    const last = other.last < range.last ? other.last : range.last;
    return [{ family: range.family, first, last }];
  });
}
