import ipaddr from "ipaddr.js";
import { nthAddress } from "../complete";
import type { Estate, Vm } from "../estate";
import { talosClustersOf, vmsOf } from "../estate";
import { lookup } from "../lookup";
import { type Problem, quote } from "../problems";

/** Addresses lie in their networks, and no address or VM id is used twice. */
export function checkAddresses(estate: Estate): Problem[] {
  return [...outside(estate), ...duplicateAddresses(estate), ...duplicateVmIds(estate)];
}

interface Placed {
  readonly path: string;
  readonly address: string;
  readonly network: string;
  /** The VM that has the address, when it is one. */
  readonly vm?: Vm;
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
      vm,
    })),
    ...talosClustersOf(estate).flatMap(([name, cluster]) => {
      const first = lookup(estate.machines, cluster.controlPlanes[0]);
      if (cluster.vip === undefined || first?.kind !== "vm") return [];
      return [{ path: `clusters.${name}.vip`, address: cluster.vip, network: first.network }];
    }),
  ];
}

function outside(estate: Estate): Problem[] {
  return placed(estate).flatMap(({ path, address, network, vm }) => {
    const cidr = lookup(estate.networks, network)?.cidr;
    if (cidr === undefined || (address !== "" && isHost(address, cidr))) return [];
    const allowed = `an address of a host inside ${cidr}`;
    if (address === "" && vm !== undefined) {
      const problem = `is missing, and the VM id ${vm.vmId} is no host number of network ${network}`;
      return [{ path, problem, allowed, remedy: "give an address, or another VM id" }];
    }
    const problem = isInside(address, cidr)
      ? `${quote(address)} is the first or last address of network ${network}, which no host can have`
      : `${quote(address)} is outside network ${network}`;
    return [{ path, problem, allowed, remedy: "change the address, or the network" }];
  });
}

/** Whether an address lies in a network: isInside("192.168.10.7", "192.168.10.0/24"). */
export function isInside(address: string, cidr: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

/** Whether a host can have the address: inside, and not the network's own or its broadcast address (a /31 has neither). */
function isHost(address: string, cidr: string): boolean {
  if (!isInside(address, cidr)) return false;
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const reserved = [ipaddr.IPv4.networkAddressFromCIDR(cidr), ipaddr.IPv4.broadcastAddressFromCIDR(cidr)];
  return prefix >= 31 || !reserved.map(String).includes(address);
}

/** The VM that is a network's gateway has the gateway's address; that is no conflict. */
function isGateway(estate: Estate, { address, network }: Placed): boolean {
  const gateways = vmsOf(estate).filter(([, vm]) => vm.role === "gateway" && vm.network === network);
  return gateways.some(([, vm]) => vm.address === address);
}

function duplicateAddresses(estate: Estate): Problem[] {
  const hosts = Object.entries(estate.hosts).map(([name, host]): Placed => ({
    path: `hosts.${name}.address`,
    address: host.address,
    network: "",
  }));
  const others = placed(estate).filter((item) => !(item.path.startsWith("networks.") && isGateway(estate, item)));
  const used = [...hosts, ...others].filter(({ address }) => address !== "");
  return repeated(used, ({ address }) => address)
    .filter(({ item, first }) => !isSameId(estate, item.vm, first.vm))
    .map(({ item, first }) => ({
      path: item.path,
      problem: `${quote(item.address)} is already ${first.path.endsWith(".address") ? "the address of " : ""}${first.path.replace(/\.address$/, "")}`,
      allowed: "an address that nothing else has",
      remedy: "give one of the two another address",
    }));
}

/** Whether two VMs share an address only because they share the id it follows from: one mistake, told once. */
function isSameId(estate: Estate, a: Vm | undefined, b: Vm | undefined): boolean {
  if (a === undefined || b === undefined || a.vmId !== b.vmId) return false;
  return a.address === nthAddress(lookup(estate.networks, a.network)?.cidr, a.vmId);
}

function duplicateVmIds(estate: Estate): Problem[] {
  return repeated(vmsOf(estate), ([, vm]) => String(vm.vmId)).map(({ item: [name, vm], first: [other] }) => ({
    path: `machines.${name}.vmId`,
    problem: `${vm.vmId} is already the id of machines.${other}`,
    allowed: "an id that no other VM has",
    remedy: "give one of the two another id",
  }));
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
