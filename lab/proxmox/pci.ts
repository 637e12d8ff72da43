import { parseProperties } from "./propertyString";
import type { State, VmState } from "./state";
import { hostpciKeys } from "./vm.parameters";

type Device = State["nodes"][string]["devices"][string];

/** What an option like hostpci0 names: a device of the host, or a mapping. */
export function hostpci(option: string, value: string): { host: string | undefined; mapping: string | undefined } {
  const found = parseProperties(option, value, hostpciKeys, "host");
  return { host: found.get("host"), mapping: found.get("mapping") };
}

/** A VM's options for PCI devices, in the order of their numbers. */
export function hostpcisOf(config: VmState["config"]): [option: string, value: string][] {
  const number = (option: string): number => Number(option.replace("hostpci", ""));
  return Object.entries(config)
    .filter(([option]) => /^hostpci\d+$/.test(option))
    .sort(([a], [b]) => number(a) - number(b));
}

/** The PCI devices that a VM takes, function by function. Messages of QemuServer/PCI.pm and Mapping/PCI.pm. */
export function devicesOf(state: State, vm: VmState): string[] {
  const present = state.nodes[vm.node]?.devices ?? {};
  return hostpcisOf(vm.config).flatMap(([option, value]) => {
    const { host, mapping } = hostpci(option, value);
    const paths = mapping === undefined ? (host ?? "").split(";") : mappedOn(state, mapping, vm.node);
    return paths.flatMap((path) => {
      const functions = Object.keys(present).filter((device) => device === path || device.startsWith(`${path}.`));
      if (functions.length === 0) throw new Error(`pci device '${path}' not found`);
      return functions;
    });
  });
}

/** What a mapping says of a node: "path", "id" and so on, one for each device. */
export function entriesOn(state: State, mapping: string, node: string): ReadonlyMap<string, string>[] {
  return (state.mappings[mapping]?.map ?? [])
    .map((entry) => new Map(entry.split(",").map((pair): [string, string] => split(pair))))
    .filter((entry) => entry.get("node") === node);
}

/** The addresses behind a mapping on a node, held against the devices that are really there. */
function mappedOn(state: State, mapping: string, node: string): string[] {
  const entries = entriesOn(state, mapping, node);
  if (entries.length === 0) throw new Error(`PCI device mapping not found for '${mapping}'`);
  return entries.flatMap((entry) => {
    const paths = (entry.get("path") ?? "").split(";");
    for (const [index, path] of paths.entries()) {
      // Without a function it is the whole device, whose first function speaks for it.
      const first = /\.[a-f0-9]$/i.test(path) ? path : `${path}.0`;
      const problem = mismatch(mapping, entry, first, state.nodes[node]?.devices[first], index === 0);
      if (problem !== undefined) throw new Error(`PCI device mapping invalid (hardware probably changed): ${problem}`);
    }
    return paths;
  });
}

/** What is wrong with a mapping: assert_valid of PVE/Mapping/PCI.pm (pve-guest-common). What the host knows must stand in it. */
function mismatch(
  mapping: string,
  entry: ReadonlyMap<string, string>,
  path: string,
  device: Device | undefined,
  isFirst: boolean,
): string | undefined {
  if (device === undefined) return `pci device '${path}' not found`;
  const expected = {
    id: device.id,
    ...(isFirst ? { iommugroup: device.iommugroup?.toString() } : {}),
    "subsystem-id": device.subsystem,
  };
  for (const [name, wanted] of Object.entries(expected)) {
    const configured = entry.get(name);
    if (wanted === configured) continue;
    if (configured === undefined) return `missing expected property '${name}' for device '${path}'`;
    if (wanted === undefined) return `unexpected property '${name}' configured for device '${path}'`;
    return `'${name}' does not match for '${mapping}' (${wanted} != ${configured})`;
  }
  return undefined;
}

function split(pair: string): [string, string] {
  const [key = "", ...rest] = pair.split("=");
  return [key, rest.join("=")];
}
