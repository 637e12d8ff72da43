import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import type * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../stacks/estate";

/** What a host backs up. */
export interface BackupArgs {
  readonly org: string;
  readonly host: string;
  readonly settings: Host["backup"];
  /** Ids of the VMs whose disks hold what nothing else has. */
  readonly vmIds: readonly number[];
}

/**
 * Plans the nightly backup of a host's VMs. The job carries the organisation's name: two may have VMs on one host.
 * undefined: there is nothing to back up, or nobody wants it.
 *
 * Fields and their words: https://pve.proxmox.com/pve-docs/chapter-vzdump.html
 */
export function planBackup({ org, host, settings, vmIds }: BackupArgs): proxmox.backup.JobArgs | undefined {
  if (vmIds.length === 0 || !settings.enabled) return undefined;
  const { daily, weekly, monthly } = settings.keep;
  return {
    resourceId: `estate-${org}-${host}`,
    enabled: true,
    node: host,
    vmids: [...vmIds].sort((a, b) => a - b).map(String),
    storage: settings.storage,
    schedule: settings.schedule,
    // A host that was off at night makes up for it.
    repeatMissed: true,
    // Without stopping the VM; its guest agent, where it has one, has the file systems hold still.
    mode: "snapshot",
    compress: "zstd",
    pruneBackups: { "keep-daily": `${daily}`, "keep-weekly": `${weekly}`, "keep-monthly": `${monthly}` },
    notesTemplate: "{{guestname}}, by the estate",
  };
}

/** Creates the backup job of a host, when there is something to back up. Removing it leaves the backups that there are. */
export function createBackup(parent: pulumi.Resource, args: BackupArgs): void {
  const plan = planBackup(args);
  if (plan === undefined) return;
  new proxmox.backup.Job(`${args.host}-backup`, plan, { parent });
}
