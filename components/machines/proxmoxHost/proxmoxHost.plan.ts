import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Gpu, Host } from "../../../stacks/estate";

/** The command that prepares the host, and the script that it reads from standard input. */
export interface PassthroughPlan {
  readonly command: string;
  readonly script: string;
}

/** A PCI resource mapping of Proxmox: a name under which VMs are given the card. */
export interface MappingPlan {
  readonly key: string;
  readonly mappingName: string;
  readonly id: string;
  readonly path: string;
  readonly node: string;
  readonly comment: string;
  readonly subsystemId?: string;
  readonly iommuGroup?: number;
}

/** How a host is prepared for passing its cards through; undefined when it has none. */
export function planPassthrough(host: Host): PassthroughPlan | undefined {
  const gpus = Object.values(host.gpus);
  if (gpus.length === 0) return undefined;
  const ids = [...new Set(gpus.flatMap(({ device, companions }) => [device, ...companions]))].sort();
  const slots = gpus.map(({ slot }) => slot).sort();
  return {
    command: `bash -s -- apply --cpu ${host.cpu} --boot ${host.boot} --ids ${ids.join(",")} --slots ${slots.join(",")}`,
    script: readFileSync(join(__dirname, "passthrough.sh"), "utf8"),
  };
}

/** The mappings of a host's cards, in the order of their names. */
export function planMappings(node: string, host: Host): MappingPlan[] {
  return Object.entries(host.gpus)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, gpu]) => planMapping(node, key, gpu));
}

function planMapping(node: string, key: string, gpu: Gpu): MappingPlan {
  return {
    key,
    mappingName: mappingName(node, key),
    id: gpu.device,
    // Without a function the mapping stands for all functions of the slot: the card and its audio device.
    path: gpu.slot,
    node,
    comment: `${key} of ${node}, ${gpu.vram} VRAM, managed by the estate`,
    ...(gpu.subsystem === undefined ? {} : { subsystemId: gpu.subsystem }),
    ...(gpu.iommuGroup === undefined ? {} : { iommuGroup: gpu.iommuGroup }),
  };
}

/** The cluster-wide name of a card's mapping: cards of two hosts never share one. */
export function mappingName(node: string, gpu: string): string {
  return `${node}-${gpu}`;
}
