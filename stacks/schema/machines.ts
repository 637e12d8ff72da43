import { z } from "zod";
import { cidrv4, gibibytes, ipv4, slug } from "./common";
import { services } from "./services";

/** Operating system images that VMs boot from; components/machines/images.ts says where each comes from. */
export const imageNames = ["ubuntu-22.04", "ubuntu-24.04", "debian-12", "talos", "opnsense"] as const;

/** What a machine is for; decides its cloud-init. */
export const machineRoles = [
  "docker-host",
  "workstation",
  "headscale-hub",
  "gateway",
  "talos-control-plane",
  "talos-worker",
] as const;

const onTailnet = {
  /** Tailnet tags, without "tag:". @default none */
  tags: z.array(slug).default([]),
  /** Networks it routes for the tailnet; approved without a click. @default none */
  advertises: z.array(cidrv4).default([]),
  /** What it serves, and to whom. @default nothing */
  serves: services.default({}),
};

/** A VM on a Proxmox host. */
export const vm = z.strictObject({
  /** @default "vm" */
  kind: z.literal("vm").optional(),
  vmId: z.int().min(100).max(999_999_999),
  host: slug,
  network: slug,
  /** @default the vmId-th address of its network, when that is inside it */
  address: ipv4.optional(),
  image: z.enum(imageNames),
  cores: z.int().min(1).max(256),
  memory: gibibytes,
  /** @default "32 GiB" */
  disk: gibibytes.default("32 GiB"),
  /** A GPU of its host, passed through whole. @default none */
  gpu: slug.optional(),
  role: z.enum(machineRoles),
  /** @default true */
  started: z.boolean().default(true),
  ...onTailnet,
});

/** A machine nobody creates through an API: it joins the tailnet, and is declared so that it can be reached or reach. */
export const externalMachine = z.strictObject({
  kind: z.literal("external"),
  os: z.enum(["linux", "macos", "windows", "openwrt"]),
  role: z.enum(["subnet-router", "workstation", "gpu-box", "builder", "appliance"]),
  ...onTailnet,
});

export const machine = z.discriminatedUnion("kind", [vm, externalMachine], {
  error: 'expected a VM (kind "vm", or no kind) or an external machine (kind "external")',
});
