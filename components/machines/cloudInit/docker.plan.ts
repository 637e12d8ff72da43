import type { Gpu, Vm } from "../../../stacks/estate";
import { containerToolkit, isNvidia } from "../gpus/guest.plan";
import type { CloudInitParts } from "./userData.plan";

/** Docker with Compose, what containers need to use the machine's card, and the compose file that the machine declares. */
export function planDocker({ image, compose }: Pick<Vm, "image" | "compose">, gpu: Gpu | undefined): CloudInitParts {
  // The compose file last: what it starts may want the card.
  const parts = [
    image === "debian-12" ? debianDocker : ubuntuDocker,
    ...(gpu !== undefined && isNvidia(gpu) ? [containerToolkit] : []),
    ...(compose === undefined ? [] : [composeStack(compose)]),
  ];
  return {
    packages: parts.flatMap(({ packages }) => packages),
    writeFiles: parts.flatMap(({ writeFiles }) => writeFiles),
    runcmd: parts.flatMap(({ runcmd }) => runcmd),
  };
}

/** Compose as Ubuntu packages it: https://packages.ubuntu.com/docker-compose-v2 */
const ubuntuDocker: CloudInitParts = { packages: ["docker.io", "docker-compose-v2"], writeFiles: [], runcmd: [] };

const installScript = "/usr/local/sbin/estate-docker";
const key = "/etc/apt/keyrings/docker.asc";

/** Debian 12 has no second version of Compose, Docker's own repository has: https://docs.docker.com/engine/install/debian/ */
const debianDocker: CloudInitParts = {
  packages: [],
  writeFiles: [
    {
      path: installScript,
      permissions: "0700",
      content: [
        "#!/bin/sh",
        "set -eu",
        "install -m 0755 -d /etc/apt/keyrings",
        `curl -fsSL --retry 5 https://download.docker.com/linux/debian/gpg -o ${key}`,
        `echo "deb [signed-by=${key}] https://download.docker.com/linux/debian bookworm stable" >/etc/apt/sources.list.d/docker.list`,
        "apt-get update",
        "DEBIAN_FRONTEND=noninteractive apt-get install --yes docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin",
        "",
      ].join("\n"),
    },
  ],
  runcmd: [[installScript]],
};

const unitPath = "/etc/systemd/system/estate-compose.service";
const composeFile = "/srv/estate/compose.yaml";

/**
 * The declared compose file, started at the first boot and at every later one. A later text reaches a machine that runs by a
 * deployment, not by cloud-init, which has had its turn.
 */
function composeStack(compose: string): CloudInitParts {
  const unit = [
    "[Unit]",
    "Description=the compose stack of the estate",
    "Requires=docker.service",
    "After=docker.service network-online.target tailscaled.service",
    "Wants=network-online.target",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=/usr/bin/docker compose --file ${composeFile} up --detach --remove-orphans`,
    `ExecStop=/usr/bin/docker compose --file ${composeFile} stop`,
    // Images are pulled by the first start.
    "TimeoutStartSec=3600",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ];
  return {
    packages: [],
    writeFiles: [
      { path: composeFile, content: compose, permissions: "0640" },
      { path: unitPath, content: unit.join("\n"), permissions: "0644" },
    ],
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "--no-block", "estate-compose"],
    ],
  };
}
