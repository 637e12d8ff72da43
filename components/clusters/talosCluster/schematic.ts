import { createHash } from "node:crypto";
import type { Gpu } from "../../../stacks/estate";
import { talosGpuExtensions } from "../../machines/gpus/guest.plan";

/** Proxmox asks the guest agent for the address, and shuts down through it. https://github.com/siderolabs/extensions */
const guestAgent = "siderolabs/qemu-guest-agent";

/** What decides which system extensions a node has. */
export interface NodeNeeds {
  /** Version of Talos: its releases carry different driver branches. */
  readonly talos: string;
  /** The card passed through to it: its generation decides which kernel modules drive it. @default none */
  readonly gpu?: Gpu | undefined;
}

/** The image factory's extensions for a node. */
export function extensionsFor({ talos, gpu }: NodeNeeds): string[] {
  return [guestAgent, ...(gpu === undefined ? [] : talosGpuExtensions(gpu, talos))].sort();
}

/**
 * The image factory's id of a schematic with these system extensions and nothing else, computed without asking it: the
 * SHA-256 of the schematic as the factory writes it. The factory knows an id only once the schematic was posted to it:
 * https://github.com/siderolabs/image-factory/blob/main/pkg/schematic/schematic.go
 */
export function schematicId(officialExtensions: readonly string[]): string {
  return createHash("sha256").update(schematic(officialExtensions)).digest("hex");
}

/** The schematic as go-yaml marshals it: four spaces, empty parts left out. */
export function schematic(officialExtensions: readonly string[]): string {
  if (officialExtensions.length === 0) return "customization: {}\n";
  const items = officialExtensions.map((name) => `            - ${name}\n`).join("");
  return `customization:\n    systemExtensions:\n        officialExtensions:\n${items}`;
}

/** The installer of a node: pinned to the Talos version and the schematic. Proxmox hands out addresses as NoCloud does. */
export function installerImage(needs: NodeNeeds): string {
  return `factory.talos.dev/nocloud-installer/${schematicId(extensionsFor(needs))}:v${needs.talos}`;
}
