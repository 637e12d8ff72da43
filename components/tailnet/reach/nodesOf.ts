import { routedCidrs } from "../../../stacks/estate";
import { joins, networkOf, routersOf, sortedEntries, tagsOf, type Topology, userOf } from "../topology";
import type { PolicyNode } from "./nodes";

/**
 * The nodes an estate will have: its machines that join, one device per person, one runner per pool. Control servers give
 * addresses when nodes join; until then each has made-up ones, the same for the same estate, from 100.64.0.0/10 and
 * fd7a:115c:a1e0::/48. Control planes route the networks of their cluster.
 */
export function nodesOf(topology: Topology): PolicyNode[] {
  const routes = routesOf(topology);
  const nodes: Omit<PolicyNode, "addresses">[] = [
    ...sortedEntries(topology.machines)
      .filter(([name, machine]) => joins(topology, name, machine))
      .map(([name, machine]) => {
        const own = routes.get(name);
        return {
          name: `machine:${name}`,
          tags: tagsOf(name, machine),
          ...(own === undefined ? {} : { routes: [...own] }),
        };
      }),
    ...sortedEntries(topology.people).map(([name]) => ({ name: `person:${name}`, user: userOf(topology, name) })),
    ...sortedEntries(topology.repositories).flatMap(([name, { runners }]) =>
      runners === undefined ? [] : [{ name: `runners:${name}`, tags: [`tag:${runners.ephemeral.tag}`] }],
    ),
  ];
  return nodes.map((node, index) => ({ ...node, addresses: addressesOf(index) }));
}

/** Advertised networks of each machine that has any, as the policy approves them. */
function routesOf({ machines, clusters }: Topology): Map<string, Set<string>> {
  const routes = new Map<string, Set<string>>();
  const add = (name: string, cidrs: readonly string[]) => {
    const own = routes.get(name) ?? new Set();
    cidrs.map(networkOf).forEach((cidr) => own.add(cidr));
    if (own.size > 0) routes.set(name, own);
  };
  for (const [name, { advertises }] of sortedEntries(machines)) add(name, advertises);
  for (const [, cluster] of sortedEntries(clusters)) {
    for (const name of routersOf(cluster)) add(name, routedCidrs(cluster));
  }
  return routes;
}

/** 100.64.0.1 and fd7a:115c:a1e0::1 onwards, as Headscale gives them. */
function addressesOf(index: number): string[] {
  const number = index + 1;
  const four = [100, 64 + Math.floor(number / 65536), Math.floor(number / 256) % 256, number % 256].join(".");
  return [four, `fd7a:115c:a1e0::${number.toString(16)}`];
}
