import type { Policy } from "../policy/model";
import type { Reachability } from "./reachability";

/** A word of the policy for nodes: a tag, a group, a user, an autogroup. */
export interface Principal {
  readonly name: string;
  readonly nodes: ReadonlySet<string>;
  /** The rules that name it: acls[3]. */
  readonly rules: readonly string[];
}

/** Every word of a policy that means some node: tags, groups, users, autogroups. */
export function principalsOf({ policy, network, sides }: Reachability): Principal[] {
  const { nodes, users } = network;
  const tags = [...new Set(nodes.flatMap((node) => node.tags))].sort();
  const groups = Object.keys(policy.groups ?? {}).sort();
  const names = (indexes: Iterable<number>) => new Set([...indexes].flatMap((index) => nodes[index]?.name ?? []));
  const owned = new Map<number, number[]>();
  for (const { user, index } of nodes) {
    if (user !== undefined) owned.set(user, [...(owned.get(user) ?? []), index]);
  }
  const meant: [string, Set<string>][] = [
    ...[...tags, ...groups].map((name): [string, Set<string>] => [name, names(sides.resolve(name).nodes)]),
    ...[...owned].map(([user, indexes]): [string, Set<string>] => [userWord(users[user]?.name ?? ""), names(indexes)]),
    ...AUTOGROUPS.map((name): [string, Set<string>] => [name, names(sides.resolve(name).nodes)]),
  ];
  const rules = rulesByWord(policy);
  return meant
    .filter(([, own]) => own.size > 0)
    .map(([name, own]) => ({ name, nodes: own, rules: rules.get(name) ?? [] }));
}

const AUTOGROUPS = ["autogroup:member", "autogroup:tagged"];

/** Nodes of a matrix and the words for them. */
interface Vocabulary {
  readonly principals: readonly Principal[];
  readonly nodes: readonly string[];
}

/**
 * The fewest words for some nodes: principals that mean these nodes and no other, then the rest by name. Where several
 * mean the same, the one that the given rules name, then the one that most rules name.
 */
export function wordsFor(
  names: readonly string[],
  { principals, nodes }: Vocabulary,
  rules: readonly string[] = [],
): string[] {
  const known = new Set(nodes);
  const networks = names.filter((name) => !known.has(name)).sort();
  const wanted = new Set(names.filter((name) => known.has(name)));
  if (nodes.length > 1 && wanted.size === known.size) return ["every node", ...networks];
  const left = new Set(wanted);
  const rank = (principal: Principal) => (principal.rules.some((rule) => rules.includes(rule)) ? 0 : 1);
  const fitting = principals
    .filter(({ nodes: meant }) => meant.size <= wanted.size && [...meant].every((name) => wanted.has(name)))
    .sort((a, b) => b.nodes.size - a.nodes.size || rank(a) - rank(b) || b.rules.length - a.rules.length);
  const words: string[] = [];
  for (const { name, nodes: meant } of fitting) {
    if (![...meant].some((node) => left.has(node))) continue;
    words.push(name);
    meant.forEach((node) => left.delete(node));
  }
  return [...words.sort(), ...[...left].sort(), ...networks];
}

/** Principals have no brackets, so the last colon is where their ports begin. */
function rulesByWord({ acls = [], grants = [] }: Policy): Map<string, string[]> {
  const words = [
    ...acls.map(({ src, dst }) => [...src, ...dst.map((text) => text.slice(0, text.lastIndexOf(":")))]),
    ...grants.map(({ src, dst }) => [...src, ...dst]),
  ];
  const found = new Map<string, string[]>();
  for (const [index, list] of words.entries()) {
    const rule = index < acls.length ? `acls[${index}]` : `grants[${index - acls.length}]`;
    for (const word of new Set(list)) found.set(word, [...(found.get(word) ?? []), rule]);
  }
  return found;
}

function userWord(name: string): string {
  return name.includes("@") ? name : `${name}@`;
}
