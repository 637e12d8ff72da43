import { readFileSync } from "node:fs";
import { join } from "node:path";
import { certificateFiles, configFile } from "./hub.config";
import { extraRecordsFile, extraRecordsText } from "./hub.dns";
import type { HubSpec } from "./hub.plan";

/** A file on the hub. */
export interface HubFile {
  readonly path: string;
  readonly permissions: string;
  /** @default "root:root" */
  readonly owner?: string;
  readonly content: string;
  /** Whether the server reads it when it starts only. @default false */
  readonly restarts?: boolean;
}

/** A certificate with its whole chain, and its key (PEM). */
export interface HubCertificate {
  readonly chain: string;
  readonly privateKey: string;
}

/** A script beside this file. */
export function script(name: string): string {
  return readFileSync(join(__dirname, name), "utf8");
}

/** What is on every hub, and holds no secret. */
export function hubFiles({ config, dns }: Pick<HubSpec, "config" | "dns">): HubFile[] {
  return [
    { path: configFile, permissions: "0644", content: config, restarts: true },
    { path: extraRecordsFile, permissions: "0644", content: extraRecordsText(dns) },
    { path: "/usr/local/sbin/headscale-install", permissions: "0700", content: script("install.sh") },
    { path: "/usr/local/sbin/headscale-backup", permissions: "0700", content: script("backup.sh") },
    { path: "/usr/local/sbin/headscale-restore", permissions: "0700", content: script("restore.sh") },
    { path: "/etc/systemd/system/headscale-backup.service", permissions: "0644", content: backupService },
    { path: "/etc/systemd/system/headscale-backup.timer", permissions: "0644", content: backupTimer },
  ];
}

/** A given certificate; the key is for headscale alone. */
export function hubCertificateFiles({ chain, privateKey }: HubCertificate): HubFile[] {
  return [
    { path: certificateFiles.chain, permissions: "0644", content: chain, restarts: true },
    {
      path: certificateFiles.key,
      permissions: "0640",
      owner: "root:headscale",
      content: privateKey,
      restarts: true,
    },
  ];
}

const backupService = lines(
  "[Unit]",
  "Description=Backup of Headscale's database and keys",
  "[Service]",
  "Type=oneshot",
  "ExecStart=/usr/local/sbin/headscale-backup",
);

const backupTimer = lines(
  "[Unit]",
  "Description=Nightly backup of Headscale",
  "[Timer]",
  "OnCalendar=*-*-* 03:15:00",
  "RandomizedDelaySec=15min",
  "Persistent=true",
  "[Install]",
  "WantedBy=timers.target",
);

function lines(...text: string[]): string {
  return `${text.join("\n")}\n`;
}
