import { objectsOf, type JsonValue, type WorldData } from "../../world";
import type { Placed } from "../model";
import { get, mapsOf, textAt, type PropertyMap } from "../values";
import { vmType } from "./proxmoxve.vm";

/** The resource mapping of PCI devices, under its name of today and its older one. */
export const pciTypes = [
  "proxmoxve:hardware/mapping/pci:Pci",
  "proxmoxve:hardware/mapping/pciLegacy:PciLegacy",
] as const;

/** Which VMs use a mapping, noted in it. */
const users = "$vms";

export function mappings(inputs: PropertyMap): PropertyMap[] {
  return mapsOf(get(inputs, "maps"));
}

/** Throws as the host does when the VM starts: the mapping must be there, on this host, with a device nobody uses. */
export function verifyMappings(subject: Placed, world: WorldData): void {
  if (get(subject.inputs, "started") === false) return;
  const node = textAt(subject.inputs, "nodeName");
  for (const device of mapsOf(get(subject.inputs, "hostpcis"))) {
    const name = textAt(device, "mapping");
    if (name === "") continue;
    const paths = devicesOf(world, name, node);
    if (paths.length === 0) throw new Error(`PCI device mapping not found for '${name}' on node '${node}'`);
    const others = runningUsers(world, name).filter((id) => id !== subject.id);
    const [first = ""] = others;
    if (others.length >= paths.length)
      throw new Error(`PCI device '${paths[0] ?? ""}' already in use by VMID '${first}'`);
  }
}

function devicesOf(world: WorldData, name: string, node: string): string[] {
  return pciTypes.flatMap((type) => {
    const maps = objectsOf(world, type)[name]?.["maps"];
    const here = listOf(maps).filter((map) => map["node"] === node);
    return here.flatMap(({ path }) => (typeof path === "string" ? [path] : []));
  });
}

function runningUsers(world: WorldData, name: string): string[] {
  return Object.entries(objectsOf(world, vmType))
    .filter(([, vm]) => vm["started"] !== false && listOf(vm["hostpcis"]).some((device) => device["mapping"] === name))
    .map(([id]) => id);
}

/** Writes into every mapping which VMs have it, so that a person finds one from the other. */
export function settleMappings(world: WorldData): void {
  for (const type of pciTypes)
    for (const [name, mapping] of Object.entries(objectsOf(world, type))) {
      const vms = Object.entries(objectsOf(world, vmType)).filter(([, vm]) =>
        listOf(vm["hostpcis"]).some((device) => device["mapping"] === name),
      );
      if (vms.length > 0) mapping[users] = vms.map(([id]) => id);
      else Reflect.deleteProperty(mapping, users);
    }
}

function listOf(value: JsonValue | undefined): Record<string, JsonValue>[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => (item !== null && typeof item === "object" && !Array.isArray(item) ? [item] : []));
}
