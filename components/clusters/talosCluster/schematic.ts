import { createHash } from "node:crypto";
import type { Gpu } from "../../../stacks/estate";
import { talosGpuExtensions } from "../../machines/gpus/guest.plan";

/** Proxmox asks the guest agent for the address, and shuts down through it. https://github.com/siderolabs/extensions */
const guestAgent = "siderolabs/qemu-guest-agent";

/** https://longhorn.io/docs/latest/advanced-resources/os-distro-specific/talos-linux-support/ */
const iscsiTools = ["siderolabs/iscsi-tools", "siderolabs/util-linux-tools"] as const;

/** What decides which system extensions a node has. */
export interface NodeNeeds {
  /** Version of Talos: its releases carry different driver branches. */
  readonly talos: string;
  /** The card passed through to it: its generation decides which kernel modules drive it. @default none */
  readonly gpu?: Gpu | undefined;
  /** Whether volumes reach it over iSCSI, as Longhorn's do. @default false */
  readonly iscsi?: boolean | undefined;
  /** Whether pods may run in virtual machines of their own, by the runtime handler "kata". @default false */
  readonly kata?: boolean | undefined;
  /** Whether it joins the tailnet. @default false */
  readonly tailnet?: boolean | undefined;
}

/** The image factory's extensions for a node. */
export function extensionsFor({ talos, gpu, iscsi = false, kata = false, tailnet = false }: NodeNeeds): string[] {
  return [
    guestAgent,
    ...(gpu === undefined ? [] : talosGpuExtensions(gpu, talos)),
    ...(iscsi ? iscsiTools : []),
    // The VMs' processors are the host's ("host"), so that a node can start VMs itself.
    ...(kata ? ["siderolabs/kata-containers"] : []),
    ...(tailnet ? ["siderolabs/tailscale"] : []),
  ].sort();
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
