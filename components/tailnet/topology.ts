import ipaddr from "ipaddr.js";
import { type Cluster, type Estate, existingClustersOf, hubOf, type Machine, routedCidrs } from "../../stacks/estate";

/** The part of an estate that decides who is in the tailnet and who reaches what. */
export type Topology = Pick<Estate, "people" | "machines" | "tailnet" | "clusters" | "apps" | "repositories">;

/**
 * Whether a machine joins the tailnet. All do but two kinds: the hub, because its key could only come after it, and a
 * gateway that the tailnet has no business with (no tags, no advertised networks, nothing served to anybody).
 */
export function joins(topology: Topology, name: string, machine: Machine): boolean {
  if (name === hubOf(topology.tailnet)) return false;
  if (machine.role !== "gateway") return true;
  return machine.tags.length > 0 || advertisedBy(topology, name, machine).length > 0 || servesSomebody(machine);
}

/** The tags a machine carries: its own, tag:NAME, and its declared ones. */
export function tagsOf(name: string, machine: Machine): string[] {
  return sorted([ownTag(name), ...machine.tags.map((tag) => `tag:${tag}`)]);
}

/** The tag that stands for one machine; `machine:NAME` in a spec means it. */
export function ownTag(machine: string): string {
  return `tag:${machine}`;
}

/**
 * A person as policies write them. A Headscale of ours has users by the names of the spec, with the "@" that it asks for;
 * Tailscale knows people by the e-mail address of their login.
 */
export function userOf({ people, tailnet }: Topology, person: string): string {
  const email = Object.hasOwn(people, person) ? people[person]?.email : undefined;
  return tailnet.control.kind === "tailscale" && email !== undefined ? email : `${person}@`;
}

/** A principal of the spec in the words of a tailnet policy: person:ada is a user, machine:docker is tag:docker. */
export function toAlias(topology: Topology, principal: string): string {
  const [kind = "", name = ""] = principal.split(":");
  if (kind === "person") return userOf(topology, name);
  return kind === "machine" ? ownTag(name) : principal;
}

/** The name under which the policy knows the addresses of a cluster's services. */
export function servicesHost(cluster: string): string {
  return `${cluster}-services`;
}

/** The machines that route the networks of a cluster: its control planes, or those that are said to. */
export function routersOf(cluster: Cluster): readonly string[] {
  return cluster.kind === "talos" ? cluster.controlPlanes : (cluster.tailnet?.routers ?? []);
}

/** The networks that a machine routes: its own, and those of clusters that exist. Nodes of Talos have theirs from their cluster. */
export function advertisedBy(topology: Pick<Topology, "clusters">, name: string, machine: Machine): string[] {
  const ofClusters = existingClustersOf(topology).flatMap(([, cluster]) =>
    routersOf(cluster).includes(name) ? routedCidrs(cluster) : [],
  );
  return sorted([...machine.advertises, ...ofClusters].map(networkOf));
}

/** A network without host bits, as routes are written: 10.42.0.1/24 is 10.42.0.0/24. */
export function networkOf(cidr: string): string {
  const prefix = cidr.split("/")[1] ?? "";
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${prefix}`;
}

/** Sorted by code unit, each value once: the same on every machine and in every locale. */
export function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}

/** The entries of a table in the order of their keys. */
export function sortedEntries<T>(table: Readonly<Record<string, T>>): [string, T][] {
  return sorted(Object.keys(table)).flatMap((key): [string, T][] => {
    const value = table[key];
    return value === undefined ? [] : [[key, value]];
  });
}

function servesSomebody(machine: Machine): boolean {
  return Object.values(machine.serves).some(({ to }) => to.length > 0);
}
