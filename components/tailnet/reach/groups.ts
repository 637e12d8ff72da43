import { Bits } from "./bits";
import { membershipsOf, type Membership } from "./membership";
import type { KnownNode } from "./nodes";
import type { Reachability } from "./reachability";

/** Nodes that every rule treats alike, or a network, with the entries they stand in. */
export interface Group extends Membership {
  readonly kind: "nodes" | "network" | "internet";
  readonly names: readonly string[];
  readonly members: readonly KnownNode[];
  readonly ofUsers: boolean;
  /** How many devices each user has in the group. */
  readonly owned: ReadonlyMap<number, number>;
  readonly families: readonly (4 | 6)[];
  /** Ways through exit nodes, which only those groups may take that see the node. */
  readonly exits: readonly { readonly seenBy: ReadonlySet<number>; readonly targets: Membership["targets"] }[];
}

/** All nodes in groups: the same rules, the same families, and of a user or not. In the order of their first nodes. */
export function nodeGroups({ network, entries }: Reachability): Group[] {
  const members = membershipsOf(network, entries);
  const groups = new Map<string, { first: Membership; nodes: KnownNode[] }>();
  for (const node of network.nodes) {
    const own = members[node.index];
    if (own === undefined) continue;
    const key = [own.sources[4], own.sources[6], own.targets[4], own.targets[6], own.self]
      .map((bits) => bits.key())
      .concat(node.user === undefined ? "tagged" : "user", familiesOf(node).join(), exitKey(node))
      .join("|");
    const group = groups.get(key) ?? { first: own, nodes: [] };
    group.nodes.push(node);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ first, nodes }): Group => {
    const [one] = nodes;
    return {
      ...first,
      kind: "nodes",
      names: nodes.map(({ name }) => name),
      members: nodes,
      ofUsers: one?.user !== undefined,
      owned: ownedBy(nodes),
      families: one === undefined ? [] : familiesOf(one),
      exits: [],
    };
  });
}

/** An empty membership, for groups that are no nodes. */
export function emptyMembership(size: number): Membership {
  const families = () => ({ 4: new Bits(size), 6: new Bits(size) });
  return { sources: families(), targets: families(), self: new Bits(size) };
}

function ownedBy(nodes: readonly KnownNode[]): Map<number, number> {
  const owned = new Map<number, number>();
  for (const { user } of nodes) {
    if (user !== undefined) owned.set(user, (owned.get(user) ?? 0) + 1);
  }
  return owned;
}

function familiesOf({ addresses }: KnownNode): (4 | 6)[] {
  return ([4, 6] as const).filter((wanted) => addresses.some(({ family }) => family === wanted));
}

/** An exit node does not use itself, so it stands alone. */
function exitKey({ exits, name }: KnownNode): string {
  return exits.length > 0 ? name : "";
}
