import { z } from "zod";
import { cidrv4, gibibytes, ipv4, slug } from "./common";

/** A person of the organisation: a user of the tailnet and a name behind Access. */
export const person = z.strictObject({
  email: z.email({ error: "expected an e-mail address" }),
  /** Groups this person is in; each becomes group:NAME in the tailnet policy. @default none */
  groups: z.array(slug).default([]),
});

/** A network that VMs are put on. */
export const network = z.strictObject({
  cidr: cidrv4,
  /** The Linux bridge on the Proxmox hosts. */
  bridge: z.string().regex(/^[a-z][a-z0-9]{1,14}$/, { error: "expected a bridge name such as vmbr0" }),
  gateway: ipv4,
  /** VLAN tag on the bridge. @default untagged */
  vlan: z.int().min(1).max(4094).optional(),
});

/** A PCI GPU of a host. Its VRAM is accounted against what models and workloads ask for. */
const gpu = z.strictObject({
  /** PCI address without function, as `lspci -D` prints it: 0000:01:00. All functions are passed through together. */
  slot: z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}$/, {
    error: "expected a PCI address without function, for example 0000:01:00",
  }),
  /** Vendor and device id, as `lspci -n` prints it: 10de:2684. */
  device: z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/, { error: "expected vendor:device, for example 10de:2684" }),
  /** Ids of the card's further functions (its audio device), bound to vfio-pci with it. @default none */
  companions: z
    .array(z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/, { error: "expected vendor:device, for example 10de:22ba" }))
    .default([]),
  /** Subsystem vendor and device id, as `lspci -nnv` prints it. @default not checked */
  subsystem: z
    .string()
    .regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/, { error: "expected vendor:device" })
    .optional(),
  /** IOMMU group on the host, from /sys/kernel/iommu_groups. @default not checked by Proxmox */
  iommuGroup: z.int().min(0).optional(),
  vram: gibibytes,
});

/** A Proxmox VE host: prepared for passthrough when it has GPUs. */
export const host = z.strictObject({
  kind: z.literal("proxmox"),
  address: ipv4,
  /** Decides the kernel's IOMMU argument. */
  cpu: z.enum(["intel", "amd"]),
  /** Decides which boot loader configuration is edited. */
  boot: z.enum(["grub", "systemd-boot"]),
  /** @default no cards */
  gpus: z.record(slug, gpu).default({}),
  storage: z
    .strictObject({
      /** Datastore of VM disks. @default "local-lvm" */
      disks: z.string().default("local-lvm"),
      /** Datastore of images and cloud-init snippets. @default "local" */
      images: z.string().default("local"),
    })
    .prefault({}),
});
