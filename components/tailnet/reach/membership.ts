import type { IpRange } from "../policy/ip";
import type { Entry } from "./entries";
import type { KnownNode, Network } from "./nodes";
import { Bits } from "./bits";
import { opened, type Spot } from "./spots";
import type { Side } from "./sides";

/** In which entries a node stands, by family: as one of their sources, and as one of their destinations. */
export interface Membership {
  readonly sources: Record<4 | 6, Bits>;
  readonly targets: Record<4 | 6, Bits>;
  /** Entries for autogroup:self that have the node among their sources. */
  readonly self: Bits;
}

/** Memberships of all nodes, worked out entry by entry instead of pair by pair. */
export function membershipsOf({ nodes }: Network, entries: readonly Entry[]): Membership[] {
  const members = nodes.map((): Membership => {
    const families = () => ({ 4: new Bits(entries.length), 6: new Bits(entries.length) });
    return { sources: families(), targets: families(), self: new Bits(entries.length) };
  });
  const find = finder(nodes);
  for (const [index, entry] of entries.entries()) {
    for (const [node, family] of find(entry.sources)) {
      members[node]?.sources[family].add(index);
      if (entry.targets === "self") members[node]?.self.add(index);
    }
    if (entry.targets === "self") continue;
    const targets = entry.via.length === 0 ? find(entry.targets) : viaTargets(entry, nodes);
    for (const [node, family] of targets) members[node]?.targets[family].add(index);
  }
  return members;
}

type Found = readonly [node: number, family: 4 | 6];

/** Looks up whom a side means, each side once. */
function finder(nodes: readonly KnownNode[]): (side: Side) => readonly Found[] {
  const known = new Map<Side, readonly Found[]>();
  const sorted = sortedAddresses(nodes);
  return (side) => {
    const before = known.get(side);
    if (before !== undefined) return before;
    const named = [...side.nodes].flatMap((index) =>
      (nodes[index]?.addresses ?? []).map(({ family }): Found => [index, family]),
    );
    const found = [...named, ...side.ranges.flatMap((range) => within(sorted[range.family], range))];
    known.set(side, found);
    return found;
  };
}

interface Address {
  readonly value: bigint;
  readonly found: Found;
}

function sortedAddresses(nodes: readonly KnownNode[]): Record<4 | 6, Address[]> {
  const ofFamily = (wanted: 4 | 6) =>
    nodes
      .flatMap(({ index, addresses }) =>
        addresses
          .filter(({ family }) => family === wanted)
          .map(({ first }): Address => ({ value: first, found: [index, wanted] })),
      )
      .sort((a, b) => (a.value < b.value ? -1 : 1));
  return { 4: ofFamily(4), 6: ofFamily(6) };
}

function within(addresses: readonly Address[], { first, last }: IpRange): Found[] {
  let low = 0;
  for (let high = addresses.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((addresses[middle]?.value ?? last) < first) low = middle + 1;
    else high = middle;
  }
  const found: Found[] = [];
  for (let at = low; at < addresses.length; at += 1) {
    const address = addresses[at];
    if (address === undefined || address.value > last) break;
    found.push(address.found);
  }
  return found;
}

/** Routers of a rule with via, where it opens their own addresses: only when those lie in the networks it is about. */
function viaTargets(entry: Entry, nodes: readonly KnownNode[]): Found[] {
  const routers = nodes.filter(({ tags }) => tags.some((tag) => entry.via.includes(tag)));
  return routers.flatMap((at) =>
    at.addresses
      .map((range): Spot => ({ at, range, kind: "own" }))
      .filter((spot) => opened(entry, spot).length > 0)
      .map(({ range }): Found => [at.index, range.family]),
  );
}
