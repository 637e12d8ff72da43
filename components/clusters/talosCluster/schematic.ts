import { createHash } from "node:crypto";

/** System extensions that a node needs, by need. Names as in https://github.com/siderolabs/extensions */
const extensions = {
  /** Proxmox asks the guest agent for the address, and shuts down through it. */
  vm: ["siderolabs/qemu-guest-agent"],
  /**
   * The open kernel modules drive Turing and later (RTX 20 and up). Older cards need nonfree-kmod-nvidia-lts, which issue 5
   * chooses by the card. https://docs.siderolabs.com/talos/v1.12/configure-your-talos-cluster/hardware-and-drivers/nvidia-gpu
   */
  gpu: ["siderolabs/nvidia-container-toolkit-production", "siderolabs/nvidia-open-gpu-kernel-modules-production"],
} as const;

/** The image factory's extensions for a node. */
export function extensionsFor({ gpu }: { readonly gpu: boolean }): string[] {
  return [...extensions.vm, ...(gpu ? extensions.gpu : [])].sort();
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
export function installerImage(talosVersion: string, node: { readonly gpu: boolean }): string {
  return `factory.talos.dev/nocloud-installer/${schematicId(extensionsFor(node))}:v${talosVersion}`;
}
