import { stateFolder } from "./hub.config";

/** Where backups lie on the hub, and for how long. The folder is what an off-site copy has to take. */
const backup = { folder: "/var/backups/headscale", days: 14, script: "/usr/local/sbin/headscale-backup" } as const;

/**
 * Files that back the hub up every night. What would be lost with it: the database (users, nodes, keys, the policy) and the
 * noise key, without which every node would have to join again. SQLite's own copy command is used, because a file copy of
 * a database in use may be torn: https://www.sqlite.org/cli.html (".backup")
 *
 * To restore: stop headscale, put db.sqlite and the *.key files back into /var/lib/headscale, owned by headscale, start it.
 */
export const backupFiles = [
  {
    path: backup.script,
    permissions: "0700",
    content: [
      "#!/bin/sh",
      "set -eu",
      "umask 077",
      `target="${backup.folder}/$(date --utc +%Y-%m-%dT%H-%M-%SZ)"`,
      'mkdir -p "$target.partial"',
      `sqlite3 ${stateFolder}/db.sqlite ".backup '$target.partial/db.sqlite'"`,
      `cp ${stateFolder}/*.key "$target.partial/"`,
      'mv "$target.partial" "$target"',
      `find ${backup.folder} -mindepth 1 -maxdepth 1 -mtime +${backup.days} -exec rm -rf {} +`,
      "",
    ].join("\n"),
  },
  {
    path: "/etc/systemd/system/headscale-backup.service",
    permissions: "0644",
    content: [
      "[Unit]",
      "Description=Backup of Headscale's database and keys",
      "[Service]",
      "Type=oneshot",
      `ExecStart=${backup.script}`,
      "",
    ].join("\n"),
  },
  {
    path: "/etc/systemd/system/headscale-backup.timer",
    permissions: "0644",
    content: [
      "[Unit]",
      "Description=Nightly backup of Headscale",
      "[Timer]",
      "OnCalendar=*-*-* 03:15:00",
      "RandomizedDelaySec=15min",
      "Persistent=true",
      "[Install]",
      "WantedBy=timers.target",
      "",
    ].join("\n"),
  },
] as const;
