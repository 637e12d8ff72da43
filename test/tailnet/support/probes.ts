import { isIP, isIPv6 } from "node:net";
import type { PolicyNode, PolicyUser } from "../../../components/tailnet/reach";
import { addressesOf, CompiledFilter, holds, passesExits, protocolNumbers } from "./oracle";
import { users } from "./population";
import type { NodeView } from "./protocolNode";
import type { Member } from "./tailnet";

/** One connection that is tried: from a node or an address to a node or an address. */
export interface Probe {
  readonly source: string;
  readonly destination: string;
  readonly protocol: ProbeProtocol;
  readonly port: number;
}
export type ProbeProtocol = "tcp" | "udp" | "sctp" | "icmp" | "gre" | "99";
export type Family = "ipv4" | "ipv6";

/** What the server told every node under one policy. */
export type Views = ReadonlyMap<string, Pick<NodeView, "filter" | "ssh" | "peers">>;

export function policyNodes(members: readonly Member[]): PolicyNode[] {
  return members.map(({ inhabitant, listed }) => ({
    name: inhabitant.name,
    addresses: listed.ipAddresses,
    ...(inhabitant.user === undefined ? {} : { user: inhabitant.user }),
    tags: listed.tags,
    routes: approvedRoutes(inhabitant),
  }));
}

export const policyUsers: readonly PolicyUser[] = users;

function approvedRoutes({ routes = [], approved = routes }: Member["inhabitant"]): readonly string[] {
  return approved;
}

/** Ports that a policy names, their neighbours, and one that it does not name. */
export function portsOf(policy: string): number[] {
  const named = [...policy.matchAll(/(?<=[:,"-])\d{1,5}(?=[,"-])/g)].map(([text]) => Number(text));
  const around = named.flatMap((port) => [port - 1, port, port + 1]).filter((port) => port > 0 && port <= 65535);
  return [...new Set([...around, 31337])];
}

/** Every pair of nodes, every node to every place, and strangers to every node. */
export function pairsOf(scene: {
  readonly nodes: readonly PolicyNode[];
  readonly places: readonly string[];
  readonly strangers: readonly string[];
}): readonly { readonly source: string; readonly destination: string }[] {
  const { places, strangers } = scene;
  const names = scene.nodes.map(({ name }) => name);
  const among = (from: readonly string[], to: readonly string[]) =>
    from.flatMap((source) => to.filter((name) => name !== source).map((destination) => ({ source, destination })));
  return [...among(names, names), ...among(names, places), ...among(strangers, names)];
}

/** A connection's families, asked for one pair of ends. */
export type Between = (connection: Pick<Probe, "protocol" | "port">) => Family[];

/** The families in which a connection gets through, by what the server compiled: the answer that must be matched. */
export class ServerSide {
  private readonly filters: ReadonlyMap<string, CompiledFilter>;
  private readonly addresses: ReadonlyMap<string, readonly string[]>;

  constructor(
    private readonly nodes: readonly PolicyNode[],
    private readonly views: Views,
  ) {
    this.filters = new Map([...views].map(([name, { filter }]) => [name, new CompiledFilter(filter)]));
    this.addresses = new Map(nodes.map(({ name, addresses }) => [name, addresses]));
  }

  between(source: string, destination: string): Between {
    const ways = (["ipv4", "ipv6"] as const).flatMap((family) => {
      const [from, to] = [this.addressOf(source, family), this.addressOf(destination, family)];
      if (from === undefined || to === undefined) return [];
      return [{ family, source: from, destination: to, receivers: this.receiversOf(source, destination, family) }];
    });
    return ({ protocol, port }) =>
      ways
        .filter(({ family, receivers, ...ends }) => {
          const packet = { ...ends, protocol: numberOf(protocol, family), port };
          return receivers.some((filter) => filter.accepts(packet));
        })
        .map(({ family }) => family);
  }

  /** The node itself; else the routers of the address; else the exit nodes that the server lets it know of. */
  private receiversOf(source: string, destination: string, family: Family): readonly CompiledFilter[] {
    const routers = this.nodes.filter(({ routes }) => routes?.some((cidr) => covers(cidr, destination)));
    const names = this.addresses.has(destination) ? [destination] : routers.map(({ name }) => name);
    const receivers = names.length > 0 ? names : this.exitsOf(source, destination, family);
    return receivers.flatMap((name) => this.filters.get(name) ?? []);
  }

  /**
   * Exit nodes that the source and they themselves know of each other. One side is enough: for grants with via, headscale
   * 0.29 tells the router of the source, but not the source of the router unless another rule does.
   */
  private exitsOf(source: string, destination: string, family: Family): readonly string[] {
    if (!passesExits(destination)) return [];
    const everything = family === "ipv4" ? "0.0.0.0/0" : "::/0";
    return this.nodes
      .filter(({ name, routes }) => name !== source && routes?.includes(everything))
      .map(({ name }) => name)
      .filter((exit) => this.knows(source, exit) || this.knows(exit, source));
  }

  private knows(name: string, other: string): boolean {
    return [...(this.views.get(name)?.peers.values() ?? [])].some(({ Name }) => Name.split(".")[0] === other);
  }

  private addressOf(name: string, family: Family): string | undefined {
    const addresses = this.addresses.get(name) ?? [name];
    return addresses.find((address) => isIPv6(address) === (family === "ipv6"));
  }
}

function numberOf(protocol: ProbeProtocol, family: Family): number {
  if (protocol === "icmp") return family === "ipv4" ? protocolNumbers.icmp : protocolNumbers["ipv6-icmp"];
  return protocol === "99" ? 99 : protocolNumbers[protocol];
}

/** Whether a network that is no default route covers an address. */
function covers(cidr: string, address: string): boolean {
  return isIP(address) !== 0 && !cidr.endsWith("/0") && holds(addressesOf([cidr]), address);
}
