import type { IpRange } from "../policy/ip";
import type { KnownNode } from "./nodes";
import type { Side } from "./sides";

/** The addresses of a side, in order and joined where they touch. */
export function addressesOf(side: Side, nodes: readonly KnownNode[]): IpRange[] {
  const own = nodes.filter(({ index }) => side.nodes.has(index)).flatMap(({ addresses }) => addresses);
  const all = [...own, ...side.ranges].sort(inOrder);
  const joined: IpRange[] = [];
  for (const range of all) {
    const before = joined.at(-1);
    if (before?.family === range.family && range.first <= before.last + 1n) {
      joined[joined.length - 1] = { ...before, last: range.last > before.last ? range.last : before.last };
    } else {
      joined.push(range);
    }
  }
  return joined;
}

/** A range as the fewest networks that make it up, as servers write it. */
export function networksOf({ family, first, last }: IpRange): IpRange[] {
  const networks: IpRange[] = [];
  const bits = family === 4 ? 32n : 128n;
  for (let from = first; from <= last;) {
    let host = 0n;
    while (host < bits && ((from >> host) & 1n) === 0n && from + (1n << (host + 1n)) - 1n <= last) host += 1n;
    networks.push({ family, first: from, last: from + (1n << host) - 1n });
    from += 1n << host;
  }
  return networks;
}

function inOrder(one: IpRange, other: IpRange): number {
  if (one.family !== other.family) return one.family - other.family;
  return one.first < other.first ? -1 : one.first > other.first ? 1 : 0;
}
