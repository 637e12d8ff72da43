import ipaddr from "ipaddr.js";
import { type Estate, existingClustersOf, talosClustersOf } from "../estate";
import { type Problem, quote } from "../problems";

interface Range {
  readonly path: string;
  readonly cidr: string;
}

/** Networks, pod and service ranges are written as networks and share no addresses; advertised routes are networks. */
export function checkRanges(estate: Estate): Problem[] {
  const networks = Object.entries(estate.networks).map(([name, { cidr }]) => ({ path: `networks.${name}.cidr`, cidr }));
  const talos = talosClustersOf(estate).flatMap(([name, cluster]) => [
    { path: `clusters.${name}.podCidr`, cidr: cluster.podCidr },
    { path: `clusters.${name}.serviceCidr`, cidr: cluster.serviceCidr },
  ]);
  const reached = existingClustersOf(estate).flatMap(([name, { tailnet }]) =>
    tailnet === undefined ? [] : [{ path: `clusters.${name}.tailnet`, ...tailnet }],
  );
  const services = reached.map(({ path, serviceCidr }) => ({ path: `${path}.serviceCidr`, cidr: serviceCidr }));
  const routers = reached.flatMap(({ path, routerCidrs }) =>
    routerCidrs.map((cidr, index) => ({ path: `${path}.routerCidrs.${index}`, cidr })),
  );
  // A route may repeat a network of the estate: that is what a subnet router is for.
  const routes = Object.entries(estate.machines).flatMap(([name, { advertises }]) =>
    advertises.map((cidr, index) => ({ path: `machines.${name}.advertises.${index}`, cidr })),
  );
  const own = [...networks, ...talos, ...services];
  return [...[...own, ...routes, ...routers].flatMap(hostBits), ...overlaps(own)];
}

/** Tailscale refuses a route, and Kubernetes a range, whose address is not the network's own. */
function hostBits({ path, cidr }: Range): Problem[] {
  const network = `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${cidr.split("/")[1] ?? ""}`;
  if (network === cidr) return [];
  return [
    {
      path,
      problem: `${quote(cidr)} is an address in a network, not a network`,
      allowed: network,
      remedy: "write the network's own address",
    },
  ];
}

function overlaps(ranges: readonly Range[]): Problem[] {
  return ranges.flatMap((range, index) => {
    const other = ranges.slice(0, index).find(({ cidr }) => overlap(cidr, range.cidr));
    if (other === undefined) return [];
    return [
      {
        path: range.path,
        problem: `${quote(range.cidr)} overlaps ${other.path} (${other.cidr})`,
        allowed: "a range that overlaps no other network, pod or service range of the estate",
        remedy: "change one of the two ranges",
        about: [other.path],
      },
    ];
  });
}

/** Whether two networks share addresses. */
export function overlap(a: string, b: string): boolean {
  const [baseA, prefixA] = ipaddr.IPv4.parseCIDR(a);
  const [baseB, prefixB] = ipaddr.IPv4.parseCIDR(b);
  return baseA.match(baseB, Math.min(prefixA, prefixB));
}
