import ipaddr from "ipaddr.js";
import type { Estate } from "../estate";
import { vmsOf } from "../estate";
import { type Problem, quote } from "../problems";

/** Addresses lie in their networks, and no address, VM id or range is used twice. */
export function checkAddresses(estate: Estate): Problem[] {
  return [...outside(estate), ...duplicateAddresses(estate), ...duplicateVmIds(estate), ...overlaps(estate)];
}

interface Placed {
  readonly path: string;
  readonly address: string;
  readonly network: string;
}

function placed(estate: Estate): Placed[] {
  return [
    ...Object.entries(estate.networks).map(([name, network]) => ({
      path: `networks.${name}.gateway`,
      address: network.gateway,
      network: name,
    })),
    ...vmsOf(estate).map(([name, vm]) => ({
      path: `machines.${name}.address`,
      address: vm.address,
      network: vm.network,
    })),
    ...Object.entries(estate.clusters).flatMap(([name, cluster]) => {
      const first = estate.machines[cluster.controlPlanes[0] ?? ""];
      if (cluster.vip === undefined || first?.kind !== "vm") return [];
      return [{ path: `clusters.${name}.vip`, address: cluster.vip, network: first.network }];
    }),
  ];
}

function outside(estate: Estate): Problem[] {
  return placed(estate).flatMap(({ path, address, network }) => {
    const cidr = estate.networks[network]?.cidr;
    if (cidr === undefined || (address !== "" && isInside(address, cidr))) return [];
    const problem =
      address === ""
        ? `no address is given, and the VM id is no host number of network ${network}`
        : `${quote(address)} is outside its network ${network}`;
    return [{ path, problem, allowed: `an address inside ${cidr}`, remedy: "change the address, or the network" }];
  });
}

/** Whether an address lies in a network: isInside("192.168.10.7", "192.168.10.0/24"). */
export function isInside(address: string, cidr: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

/** The VM that is a network's gateway has the gateway's address; that is no conflict. */
function isGateway(estate: Estate, { address, network }: Placed): boolean {
  const gateways = vmsOf(estate).filter(([, vm]) => vm.role === "gateway" && vm.network === network);
  return gateways.some(([, vm]) => vm.address === address);
}

function duplicateAddresses(estate: Estate): Problem[] {
  const hosts = Object.entries(estate.hosts).map(([name, host]) => ({
    path: `hosts.${name}.address`,
    address: host.address,
  }));
  const vms = placed(estate).filter((item) => !(item.path.startsWith("networks.") && isGateway(estate, item)));
  const used = [...hosts, ...vms].filter(({ address }) => address !== "");
  return repeated(used, ({ address }) => address).map(({ item, first }) => ({
    path: item.path,
    problem: `${quote(item.address)} is already the address of ${first.path.replace(/\.(address|gateway|vip)$/, "")}`,
    allowed: "an address that nothing else has",
    remedy: "give one of the two another address",
  }));
}

function duplicateVmIds(estate: Estate): Problem[] {
  return repeated(vmsOf(estate), ([, vm]) => String(vm.vmId)).map(({ item: [name, vm], first: [other] }) => ({
    path: `machines.${name}.vmId`,
    problem: `${vm.vmId} is already the id of machines.${other}`,
    allowed: "an id that no other VM has",
    remedy: "give one of the two another id",
  }));
}

function overlaps(estate: Estate): Problem[] {
  const ranges = [
    ...Object.entries(estate.networks).map(([name, { cidr }]) => ({ path: `networks.${name}.cidr`, cidr })),
    ...Object.entries(estate.clusters).flatMap(([name, cluster]) => [
      { path: `clusters.${name}.podCidr`, cidr: cluster.podCidr },
      { path: `clusters.${name}.serviceCidr`, cidr: cluster.serviceCidr },
    ]),
  ];
  return ranges.flatMap((range, index) => {
    const other = ranges.slice(0, index).find(({ cidr }) => overlap(cidr, range.cidr));
    if (other === undefined) return [];
    return [
      {
        path: range.path,
        problem: `${quote(range.cidr)} overlaps ${other.path} (${other.cidr})`,
        allowed: "a range that overlaps no other network, pod or service range of the estate",
        remedy: "change one of the two ranges",
      },
    ];
  });
}

/** Whether two networks share addresses. */
export function overlap(a: string, b: string): boolean {
  const [baseA] = ipaddr.IPv4.parseCIDR(a);
  const [baseB] = ipaddr.IPv4.parseCIDR(b);
  return isInside(baseA.toString(), b) || isInside(baseB.toString(), a);
}

function repeated<T>(items: readonly T[], key: (item: T) => string): { item: T; first: T }[] {
  const seen = new Map<string, T>();
  return items.flatMap((item) => {
    const first = seen.get(key(item));
    if (first === undefined) {
      seen.set(key(item), item);
      return [];
    }
    return [{ item, first }];
  });
}
