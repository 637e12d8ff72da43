import { parseAlias, type Alias } from "../policy/alias";
import { parseNetwork, without, type IpRange } from "../policy/ip";
import type { Policy, Server } from "../policy/model";
import { usersNamed, type KnownNode, type Network } from "./nodes";

/** Whom one side of a rule means: nodes by what they are, and addresses. */
export interface Side {
  readonly nodes: ReadonlySet<number>;
  readonly ranges: readonly IpRange[];
}

const ranges = (...texts: string[]): IpRange[] =>
  texts.flatMap((text) => {
    const range = parseNetwork(text);
    return range === undefined ? [] : [range];
  });

export const EVERYTHING = ranges("0.0.0.0/0", "::/0");

/** Addresses of a tailnet's nodes, but for those that ChromeOS uses itself (tailscale: net/tsaddr). */
const TAILNET = [
  ...ranges("100.64.0.0/10").flatMap((all) => without(all, ranges("100.115.92.0/23"))),
  ...ranges("fd7a:115c:a1e0::/48"),
];

/** What autogroup:internet means (Headscale: hscontrol/util/net.go, TheInternet). */
export const INTERNET: readonly IpRange[] = [
  ...ranges("0.0.0.0/0").flatMap((all) =>
    without(all, ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")),
  ),
  ...ranges("2000::/3"),
];

/** Of the internet, what an exit node passes on: no multicast (tailscale: ipn/ipnlocal, removeFromDefaultRoute). */
export const PASSED_ON: readonly IpRange[] = INTERNET.flatMap((part) => without(part, ranges("224.0.0.0/4")));

const NOBODY: Side = { nodes: new Set(), ranges: [] };

/** Resolves aliases of a policy to nodes and addresses, each once. */
export class Sides {
  private readonly known = new Map<string, Side>();

  constructor(
    private readonly policy: Policy,
    private readonly network: Network,
    private readonly server: Server,
  ) {}

  /** Sources: * means the nodes of the tailnet and the approved networks behind them, not the rest of the world. */
  sources(aliases: readonly string[]): Side {
    const routed = aliases.includes("*") ? this.network.nodes.flatMap(({ routes }) => routes) : [];
    return union([...aliases.map((alias) => this.resolve(alias)), { nodes: new Set(), ranges: routed }]);
  }

  /** Destinations: * means every address. */
  targets(aliases: readonly string[]): Side {
    return union(
      aliases.map((alias) => (alias === "*" ? { nodes: new Set(), ranges: EVERYTHING } : this.resolve(alias))),
    );
  }

  /** What one alias resolves to by itself. autogroup:self is nobody here: it depends on who asks. */
  resolve(text: string): Side {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const side = this.read(parseAlias(text));
    this.known.set(text, side);
    return side;
  }

  private read(alias: Alias): Side {
    switch (alias.kind) {
      case "any":
        return { nodes: new Set(), ranges: TAILNET };
      case "network":
        return { nodes: new Set(), ranges: [alias.range] };
      case "host":
        return { nodes: new Set(), ranges: ranges(this.policy.hosts?.[alias.name] ?? "") };
      case "user":
        return this.ofUsers([alias.name]);
      case "group":
        return this.ofUsers(this.policy.groups?.[alias.name] ?? []);
      case "tag":
        return this.nodes(({ tags }) => tags.includes(alias.name));
      case "autogroup":
        return this.autogroup(alias.name);
      case "other":
        return NOBODY;
    }
  }

  private autogroup(name: string): Side {
    if (name === "autogroup:internet") return { nodes: new Set(), ranges: INTERNET };
    if (name === "autogroup:danger-all") return { nodes: new Set(), ranges: EVERYTHING };
    if (name === "autogroup:tagged") return this.nodes(({ tags }) => tags.length > 0);
    if (name === "autogroup:member" || name === "autogroup:members") return this.nodes(({ tags }) => tags.length === 0);
    const role = name.replace("autogroup:", "");
    return this.nodes(({ user }) => user !== undefined && (this.network.users[user]?.roles ?? []).includes(role));
  }

  private ofUsers(words: readonly string[]): Side {
    const { users } = this.network;
    const meant = new Set(words.flatMap((word) => usersMeant(users, word, this.server)));
    return this.nodes(({ user }) => user !== undefined && meant.has(user));
  }

  private nodes(isMeant: (node: KnownNode) => boolean): Side {
    return { nodes: new Set(this.network.nodes.filter(isMeant).map(({ index }) => index)), ranges: [] };
  }
}

/** One user, or at Tailscale everybody of a domain ("user:*@estate.example"). A word that means two users means nobody. */
function usersMeant(users: Network["users"], word: string, server: Server): number[] {
  if (server === "tailscale" && word.startsWith("user:*@")) {
    const domain = word.slice("user:*".length);
    return users.flatMap(({ email }, index) => (email?.endsWith(domain) === true ? [index] : []));
  }
  const named = usersNamed(users, word);
  return named.length === 1 ? named : [];
}

function union(sides: readonly Side[]): Side {
  const [only, ...more] = sides.filter((side) => side.nodes.size > 0 || side.ranges.length > 0);
  if (only === undefined) return NOBODY;
  if (more.length === 0) return only;
  const all = [only, ...more];
  return { nodes: new Set(all.flatMap((side) => [...side.nodes])), ranges: all.flatMap((side) => side.ranges) };
}
