import { isSingle, parseAddress, parseNetwork, type IpRange } from "../policy/ip";
import { refuseIfAny, type PolicyProblem } from "../policy/problems";

/** A node of a tailnet: tagged, or of a user. Tags win when it has both (Headscale: hscontrol/types/node.go). */
export interface PolicyNode {
  readonly name: string;
  /** Its addresses in the tailnet, IPv4 and IPv6. */
  readonly addresses: readonly string[];
  /** The user it belongs to, by name ("ada" or "ada@"), e-mail or provider identifier. */
  readonly user?: string;
  readonly tags?: readonly string[];
  /** Approved networks behind it; 0.0.0.0/0 and ::/0 make it an exit node. */
  readonly routes?: readonly string[];
}

/** A user as the control server knows it. */
export interface PolicyUser {
  readonly name: string;
  readonly email?: string;
  /** The identity provider's own name for the user. */
  readonly identifier?: string;
  /** Tailscale's roles: owner, admin, network-admin, it-admin, billing-admin, auditor. */
  readonly roles?: readonly string[];
}

export interface KnownNode {
  readonly index: number;
  readonly name: string;
  readonly addresses: readonly IpRange[];
  /** Index of the user whose device it is; none for a tagged node. */
  readonly user: number | undefined;
  readonly tags: readonly string[];
  /** Networks behind it, without those of an exit node. */
  readonly routes: readonly IpRange[];
  /** Families of the internet that it gives access to. */
  readonly exits: readonly (4 | 6)[];
}

export interface Network {
  readonly nodes: readonly KnownNode[];
  readonly users: readonly PolicyUser[];
  /** Whether these are all users of the server, or only those whose devices are known. */
  readonly hasAllUsers: boolean;
}

/**
 * Reads nodes and users. Without a table of users, those that nodes name are the users.
 *
 * @throws PolicyError with everything that is wrong with nodes and users
 */
export function readNodes(nodes: readonly PolicyNode[], table?: readonly PolicyUser[]): Network {
  const users = table ?? usersOf(nodes);
  const problems: PolicyProblem[] = [];
  const known = nodes.map((node, index) => readNode(node, index, users, problems));
  problems.push(...repeated(nodes));
  refuseIfAny(problems, "What the policy is evaluated with");
  return { nodes: known, users, hasAllUsers: table !== undefined };
}

/** Indexes of the users that a word of a policy may mean (Headscale: types.go, Username.resolveUser). */
export function usersNamed(users: readonly PolicyUser[], word: string): number[] {
  const token = word.endsWith("@") ? word.slice(0, -1) : word;
  const provided = users.findIndex(({ identifier }) => identifier === token);
  if (provided !== -1) return [provided];
  return users.flatMap(({ name, email = "" }, index) => (name === token || email === token ? [index] : []));
}

function usersOf(nodes: readonly PolicyNode[]): PolicyUser[] {
  const names = nodes.flatMap(({ user }) => (user === undefined ? [] : [user.replace(/@$/, "")]));
  return [...new Set(names)].map((name) => (name.includes("@") ? { name, email: name } : { name }));
}

function readNode(node: PolicyNode, index: number, users: readonly PolicyUser[], problems: PolicyProblem[]): KnownNode {
  const { name, tags = [], routes = [] } = node;
  const path = `nodes[${index}]`;
  const ranges = (
    field: string,
    values: readonly string[],
    parse: (text: string) => IpRange | undefined,
    what: string,
  ) =>
    values.flatMap((value, at) => {
      const range = parse(value);
      if (range === undefined) {
        problems.push({
          path: `${path}.${field}[${at}]`,
          value,
          reason: "is none",
          allowed: what,
          remedy: "correct it",
        });
      }
      return range === undefined ? [] : [range];
    });
  const addresses = ranges("addresses", node.addresses, parseAddress, "an address");
  const networks = ranges("routes", routes, parseNetwork, "a network");
  const [user, ...others] = node.user === undefined ? [] : usersNamed(users, node.user);
  if (node.user !== undefined && tags.length === 0 && (user === undefined || others.length > 0)) {
    const reason = user === undefined ? "is no user" : "is more than one user";
    problems.push({ path: `${path}.user`, value: node.user, reason, allowed: userNames(users), remedy: "correct it" });
  }
  return {
    index,
    name,
    addresses,
    user: tags.length === 0 ? user : undefined,
    tags,
    routes: networks.filter((range) => !isExit(range)),
    exits: networks.filter(isExit).map(({ family }) => family),
  };
}

function isExit({ first, last, family }: IpRange): boolean {
  return first === 0n && last === (1n << (family === 4 ? 32n : 128n)) - 1n && !isSingle({ first, last, family });
}

function userNames(users: readonly PolicyUser[]): string {
  return users.length === 0 ? "no user yet" : users.map(({ name }) => name).join(", ");
}

/** Names and addresses are how a node is meant, so no two nodes share one. */
function repeated(nodes: readonly PolicyNode[]): PolicyProblem[] {
  const seen = new Map<string, string>();
  return nodes.flatMap(({ name, addresses }, index) =>
    [
      [`nodes[${index}].name`, name],
      ...addresses.map((address, at) => [`nodes[${index}].addresses[${at}]`, address]),
    ].flatMap(([path = "", value = ""]): PolicyProblem[] => {
      const before = seen.get(value);
      seen.set(value, before ?? path);
      if (before === undefined) return [];
      return [{ path, value, reason: `is also ${before}`, allowed: "its own", remedy: "change one of the two" }];
    }),
  );
}
