import { covers, overlaps, parseNetwork, type IpRange } from "../policy/ip";
import { parseAlias, splitTarget } from "../policy/alias";
import type { Policy } from "../policy/model";
import { seesExit } from "./allows";
import { emptyMembership, type Group } from "./groups";
import type { KnownNode } from "./nodes";
import { partyNamed, partyOf, type Reachability } from "./reachability";
import { INTERNET } from "./sides";
import { isSource, opened, spotsOf, type Party, type Spot } from "./spots";

/** Networks as rows and columns: hosts of the policy that are no node, approved routes, and the internet behind exit nodes. */
export function networkGroups(
  reachability: Reachability,
  groups: readonly Group[],
): { readonly sources: Group[]; readonly destinations: Group[] } {
  const { network } = reachability;
  const named = networksOf(reachability);
  const exits = network.nodes.filter((node) => node.exits.length > 0);
  const seen = exits.map((exit) => ({ exit, seenBy: whoSees(reachability, groups, exit) }));
  const internet: Party = { ranges: INTERNET, nodes: { 4: [], 6: [] } };
  return {
    sources: named
      .filter(({ party }) => isRouted(party, network.nodes))
      .map(({ name, party }) => sourceGroup(reachability, name, party)),
    destinations: [
      ...named.map(({ name, party }) => targetGroup(reachability, "network", name, party, seen)),
      ...(exits.length > 0 ? [targetGroup(reachability, "internet", "internet", internet, seen)] : []),
    ],
  };
}

/** Nobody sends packets from a network that no node routes. */
function isRouted({ ranges }: Party, nodes: readonly KnownNode[]): boolean {
  return nodes.some(({ routes }) => routes.some((route) => ranges.some((range) => overlaps(route, range))));
}

interface Named {
  readonly name: string;
  readonly party: Party;
}

/**
 * Hosts that are no nodes and have none inside (those stand in the matrix themselves), then approved routes and networks
 * of rules that no host names.
 */
function networksOf(reachability: Reachability): Named[] {
  const { policy, network } = reachability;
  const addresses = network.nodes.flatMap((node) => node.addresses);
  const isApart = (range: IpRange) => !addresses.some((address) => overlaps(address, range));
  const hosts = Object.entries(policy.hosts ?? {}).flatMap(([name, text]) => {
    const range = parseNetwork(text);
    return range === undefined || !isApart(range) ? [] : [{ name, range }];
  });
  const others = new Map<string, { name: string; range: IpRange }>();
  for (const range of [...network.nodes.flatMap((node) => node.routes), ...rangesOfRules(policy).filter(isApart)]) {
    const isNamed = hosts.some((host) => covers(host.range, range) && covers(range, host.range));
    if (!isNamed) others.set(networkText(range), { name: networkText(range), range });
  }
  const sorted = [...hosts, ...others.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap(({ name, range }) => {
    const party = partyNamed(reachability, networkText(range));
    return party === undefined ? [] : [{ name, party }];
  });
}

/** Addresses and networks that rules write out. */
function rangesOfRules({ acls = [], grants = [] }: Policy): IpRange[] {
  const targets = acls.flatMap(({ dst }) => dst.map(splitTarget)).flatMap((to) => ("wrong" in to ? [] : [to.alias]));
  const words = [...targets, ...acls.flatMap(({ src }) => src), ...grants.flatMap(({ src, dst }) => [...src, ...dst])];
  return words.flatMap((word) => {
    const alias = parseAlias(word);
    return alias.kind === "network" ? [alias.range] : [];
  });
}

/** 10.42.0.0/24, fd00::/64 written in full where that is simpler. */
export function networkText({ family, first, last }: IpRange): string {
  const size = family === 4 ? 32 : 128;
  const bits = size - (last - first).toString(2).replace(/^0$/, "").length;
  const parts = Array.from({ length: family === 4 ? 4 : 8 }, (_, index) => {
    const width = BigInt(family === 4 ? 8 : 16);
    return (first >> (width * BigInt((family === 4 ? 3 : 7) - index))) & ((1n << width) - 1n);
  });
  const text = family === 4 ? parts.join(".") : shortened(parts.map((part) => part.toString(16)).join(":"));
  return bits === size ? text : `${text}/${bits}`;
}

function shortened(text: string): string {
  const zeros = text.match(/(^|:)0(:0)+(:|$)/g) ?? [];
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), "");
  return longest === "" ? text : text.replace(longest, "::");
}

function sourceGroup({ entries }: Reachability, name: string, party: Party): Group {
  const member = emptyMembership(entries.length);
  for (const [index, entry] of entries.entries()) {
    for (const family of [4, 6] as const) {
      if (isSource(entry, party, family)) member.sources[family].add(index);
    }
  }
  return {
    ...member,
    kind: "network",
    names: [name],
    members: [],
    ofUsers: false,
    owned: new Map(),
    families: [],
    exits: [],
  };
}

interface Seen {
  readonly exit: KnownNode;
  readonly seenBy: ReadonlySet<number>;
}

function targetGroup(
  { entries, network }: Reachability,
  kind: Group["kind"],
  name: string,
  party: Party,
  seen: readonly Seen[],
): Group {
  const base = emptyMembership(entries.length);
  const exits = seen.map(({ exit, seenBy }) => ({ exit, seenBy, targets: emptyMembership(entries.length).targets }));
  const into = (spot: Spot) =>
    spot.kind === "exit" ? exits.find(({ exit }) => exit === spot.at)?.targets : base.targets;
  for (const spot of spotsOf(party, network)) {
    const targets = into(spot)?.[spot.range.family];
    for (const [index, entry] of entries.entries()) {
      const parts = opened(entry, spot);
      // The internet is all of it: networks of it that rules name are columns of their own.
      const isReached = kind === "internet" ? parts.some((part) => covers(part, spot.range)) : parts.length > 0;
      if (isReached) targets?.add(index);
    }
  }
  return { ...base, kind, names: [name], members: [], ofUsers: false, owned: new Map(), families: [], exits };
}

/** Numbers of the groups whose nodes see an exit node. */
function whoSees(reachability: Reachability, groups: readonly Group[], exit: KnownNode): Set<number> {
  return new Set(
    groups.flatMap(({ members: [one] }, row) =>
      one !== undefined && seesExit(reachability, partyOf(one), exit) ? [row] : [],
    ),
  );
}
