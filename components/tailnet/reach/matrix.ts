import { type Access, AccessBuilder } from "./access";
import { Bits, indexesOf } from "./bits";
import { nodeGroups, type Group } from "./groups";
import { networkGroups } from "./networks";
import { principalsOf, type Principal } from "./principals";
import type { Reachability } from "./reachability";

// Taken out of the global object once: it runs for every cell.
const { imul } = Math;

/** One row or column: nodes that every rule treats alike, or a network. */
export interface MatrixGroup {
  readonly kind: "nodes" | "network" | "internet";
  /** Names of nodes, or the name of the network. */
  readonly names: readonly string[];
  /** Devices of users, which reach devices of their own user by `own`. */
  readonly ofUsers: boolean;
}

/**
 * Who reaches whom: one cell per pair of groups, each the number of an access in `accesses`; 0 is none. A node reaches the
 * other nodes of its own group as the cell of the group with itself says.
 */
export interface Matrix {
  readonly sources: readonly MatrixGroup[];
  readonly destinations: readonly MatrixGroup[];
  /** sources.length x destinations.length, row by row. */
  readonly cells: Uint32Array;
  /** The same for pairs of devices of one user; absent when no rule is about them. */
  readonly own?: Uint32Array;
  readonly accesses: readonly Access[];
  /** The words of the policy for nodes. */
  readonly principals: readonly Principal[];
  readonly nodes: readonly string[];
  /** Devices of users, to the name of their user. */
  readonly owners: ReadonlyMap<string, string>;
}

/** The full reachability matrix: all nodes as sources and destinations, networks behind nodes, and the internet. */
export function matrix(reachability: Reachability): Matrix {
  const groups = nodeGroups(reachability);
  const networks = networkGroups(reachability, groups);
  const sources = [...groups, ...networks.sources];
  const destinations = [...groups, ...networks.destinations];
  const interned = new Interned(reachability);
  const cells = new Uint32Array(sources.length * destinations.length);
  const hasOwn = reachability.entries.some(({ targets }) => targets === "self");
  const own = hasOwn ? new Uint32Array(cells.length) : undefined;
  const words = Math.ceil(reachability.entries.length / 32);
  const scratch = new Uint32Array(words);
  for (const [row, source] of sources.entries()) {
    const used = usedWords(source, words);
    for (const [column, target] of destinations.entries()) {
      const at = row * destinations.length + column;
      const any = meet(source, target, row, used, scratch);
      cells[at] = any ? interned.access(scratch) : 0;
      if (own === undefined) continue;
      if (!shareUser(source, target) || !shareFamily(source, target)) own[at] = cells[at];
      else own[at] = interned.access(joined(scratch, any, source.self));
    }
  }
  const base = {
    sources: sources.map(shown),
    destinations: destinations.map(shown),
    cells,
    accesses: interned.accesses,
  };
  const { nodes, users } = reachability.network;
  const owners = new Map(
    nodes.flatMap(({ name, user }) => (user === undefined ? [] : [[name, users[user]?.name ?? ""] as const])),
  );
  const names = nodes.map(({ name }) => name);
  return {
    ...base,
    ...(own === undefined ? {} : { own }),
    principals: principalsOf(reachability),
    nodes: names,
    owners,
  };
}

function shown({ kind, names, ofUsers }: Group): MatrixGroup {
  return { kind, names, ofUsers };
}

/** Words in which a source stands in any rule: the others need no look. */
function usedWords({ sources, self }: Group, words: number): number[] {
  const all = Array.from({ length: words }, (_, word) => word);
  return all.filter(
    (word) => ((sources[4].words[word] ?? 0) | (sources[6].words[word] ?? 0) | (self.words[word] ?? 0)) !== 0,
  );
}

/** Entries that open the target to the source, in one family or the other; whether there are any. */
function meet(source: Group, target: Group, row: number, used: readonly number[], into: Uint32Array): boolean {
  into.fill(0);
  const [from4, from6] = [source.sources[4].words, source.sources[6].words];
  const [to4, to6] = [target.targets[4].words, target.targets[6].words];
  let any = 0;
  for (const word of used) {
    const both = ((from4[word] ?? 0) & (to4[word] ?? 0)) | ((from6[word] ?? 0) & (to6[word] ?? 0));
    into[word] = both;
    any |= both;
  }
  for (const { seenBy, targets } of target.exits) {
    if (!seenBy.has(row)) continue;
    for (const word of used) {
      const both =
        ((from4[word] ?? 0) & (targets[4].words[word] ?? 0)) | ((from6[word] ?? 0) & (targets[6].words[word] ?? 0));
      into[word] = (into[word] ?? 0) | both;
      any |= both;
    }
  }
  return any !== 0;
}

/** Whether some device of the one is of the same user as another device of the other. */
function shareUser({ owned }: Group, other: Group): boolean {
  if (owned === other.owned) return [...owned.values()].some((devices) => devices > 1);
  return [...owned.keys()].some((user) => other.owned.has(user));
}

function shareFamily(one: Group, other: Group): boolean {
  return ([4, 6] as const).some((family) => one.families.includes(family) && other.families.includes(family));
}

function joined(words: Uint32Array, isUsed: boolean, more: Bits): Uint32Array {
  if (!isUsed) return more.words;
  for (let word = 0; word < words.length; word += 1) words[word] = (words[word] ?? 0) | (more.words[word] ?? 0);
  return words;
}

/** Each access once, by the entries that make it. */
class Interned {
  readonly accesses: Access[] = [[]];
  private readonly byHash = new Map<number, { words: Uint32Array; id: number }[]>();

  private readonly builder: AccessBuilder;

  constructor({ entries }: Reachability) {
    this.builder = new AccessBuilder(entries);
  }

  access(words: Uint32Array): number {
    let hash = 0;
    for (let word = 0; word < words.length; word += 1) hash = (imul(hash, 0x01000193) ^ (words[word] ?? 0)) | 0;
    const known = this.byHash.get(hash);
    const before = known?.find((other) => isSame(words, other.words));
    if (before !== undefined) return before.id;
    const entries = indexesOf(words);
    const id = entries.length === 0 ? 0 : this.accesses.push(this.builder.access(entries)) - 1;
    if (known === undefined) this.byHash.set(hash, [{ words: words.slice(), id }]);
    else known.push({ words: words.slice(), id });
    return id;
  }
}

function isSame(one: Uint32Array, other: Uint32Array): boolean {
  for (let word = 0; word < one.length; word += 1) {
    if (one[word] !== other[word]) return false;
  }
  return true;
}
