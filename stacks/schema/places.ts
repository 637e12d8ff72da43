import { z } from "zod";
import { cidrv4, ipv4, slug } from "./common";
import { gpu } from "./gpu";

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

const keep = (backups: number) => z.int().min(0).max(365).default(backups);

const schedule = { error: 'expected a time as systemd writes it, for example "02:30" or "sun 01:00"' };

/** Nightly backups of the VMs whose disks hold what nothing else has. */
const backup = z.strictObject({
  /** @default true */
  enabled: z.boolean().default(true),
  /** A storage of the host for backups, best one on another machine. @default "local" */
  storage: z.string().default("local"),
  /** @default "02:30" */
  schedule: z
    .string(schedule)
    .regex(/^[a-z0-9*,./: -]+$/, schedule)
    .default("02:30"),
  /** How many backups of a VM stay: the last ones of so many days, weeks and months. @default 7, 4, 3 */
  keep: z.strictObject({ daily: keep(7), weekly: keep(4), monthly: keep(3) }).prefault({}),
});

/** A Proxmox VE host: prepared for passthrough when it has GPUs. */
export const host = z.strictObject({
  kind: z.literal("proxmox"),
  address: ipv4,
  /** Decides the kernel's IOMMU argument. */
  cpu: z.enum(["intel", "amd"]),
  /** Decides which boot loader configuration is edited. */
  boot: z.enum(["grub", "systemd-boot"]),
  /**
   * Whether `up` reboots the host, with all its VMs, when what was prepared for its GPUs needs that.
   * @default false: `up` fails, and says that the host is to be rebooted
   */
  reboot: z.boolean().optional(),
  /** @default no cards */
  gpus: z.record(slug, gpu).default({}),
  backup: backup.prefault({}),
  storage: z
    .strictObject({
      /** Datastore of VM disks. @default "local-lvm" */
      disks: z.string().default("local-lvm"),
      /** Datastore of images and cloud-init snippets. @default "local" */
      images: z.string().default("local"),
    })
    .prefault({}),
});
