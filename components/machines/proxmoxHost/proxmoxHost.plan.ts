import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Gpu, Host } from "../../../stacks/estate";

/** The commands that prepare the host, and the script that each of them reads from standard input. */
export interface PassthroughPlan {
  /** Prepares it; fails while the host does not run with what is prepared, so that no card is given away before. Prints what `readCard` reads. */
  readonly command: string;
  /** Fails unless the host is prepared and runs so: what is waited with after a reboot. Undefined when `up` may not reboot it. */
  readonly ready?: string;
  /** Takes back what was added. */
  readonly undo: string;
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
  const cards = `--cpu ${host.cpu} --boot ${host.boot} --ids ${ids.join(",")} --slots ${slots.join(",")}`;
  const command = `bash -s -- apply ${cards}`;
  return {
    ...(host.reboot === true ? { command: `${command} --reboot`, ready: `bash -s -- check ${cards}` } : { command }),
    undo: "bash -s -- undo",
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

/** What a mapping must say of a card when its host knows it: Proxmox does not start the VM otherwise. */
export interface CardFacts {
  readonly iommuGroup?: number;
  readonly subsystemId?: string;
}

/**
 * Reads what the host's preparation printed of the card in a slot. Nothing when it printed nothing of it: an embedded lab runs
 * no command. assert_valid of PVE/Mapping/PCI.pm says what a mapping must have.
 */
export function readCard(printed: string | undefined, slot: string): CardFacts {
  const words = printed?.split("\n").find((line) => line.startsWith(`passthrough: card ${slot} `));
  const [, group] = / iommugroup=(\d+)/.exec(words ?? "") ?? [];
  const [, subsystemId] = / subsystem=([0-9a-f]{4}:[0-9a-f]{4})/.exec(words ?? "") ?? [];
  return {
    ...(group === undefined ? {} : { iommuGroup: Number(group) }),
    ...(subsystemId === undefined ? {} : { subsystemId }),
  };
}

/** The cluster-wide name of a card's mapping: cards of two hosts never share one. */
export function mappingName(node: string, gpu: string): string {
  return `${node}-${gpu}`;
}
