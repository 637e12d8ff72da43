import type { Vm } from "../../../stacks/estate";
import type { CloudInitParts } from "./userData.plan";

/** What a role adds to a machine's cloud-init, after the tailnet has been joined. */
export function planRole(vm: Vm): CloudInitParts {
  const { role, compose, editor, serves } = vm;
  const port = editor === undefined ? undefined : serves[editor]?.port;
  switch (role) {
    case "docker-host":
      // Compose as Ubuntu packages it: https://packages.ubuntu.com/docker-compose-v2
      return {
        packages: ["docker.io", "docker-compose-v2"],
        ...(compose === undefined ? none : composeStack(compose)),
      };
    case "workstation":
      return { packages: ["git", "tmux", "curl"], ...(port === undefined ? none : codeServer(port)) };
    default:
      return { packages: [], ...none };
  }
}

const none: Pick<CloudInitParts, "writeFiles" | "runcmd"> = { writeFiles: [], runcmd: [] };

const unitPath = "/etc/systemd/system/estate-compose.service";
const composeFile = "/srv/estate/compose.yaml";

/**
 * The declared compose file, started at the first boot and at every later one. A later text reaches a machine that runs by a
 * deployment, not by cloud-init, which has had its turn.
 */
function composeStack(compose: string): Pick<CloudInitParts, "writeFiles" | "runcmd"> {
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

/** https://github.com/coder/code-server/releases */
const codeServerVersion = "4.131.0";
const editorScript = "/usr/local/sbin/estate-editor";

/**
 * VS Code in a browser: code-server by its own script (https://coder.com/docs/code-server/install), on the machine's address in
 * the tailnet alone. It makes its password itself, at its first start, in ~/.config/code-server/config.yaml.
 */
function codeServer(port: number): Pick<CloudInitParts, "writeFiles" | "runcmd"> {
  const script = [
    "#!/bin/sh",
    "set -eu",
    // Its address is only known when the machine has joined; without it there is nothing to listen on.
    'address="$(tailscale ip -4)"',
    `curl -fsSL --retry 5 https://code-server.dev/install.sh | sh -s -- --version=${codeServerVersion}`,
    "mkdir -p /etc/systemd/system/code-server@.service.d",
    "cat >/etc/systemd/system/code-server@.service.d/estate.conf <<END",
    "[Unit]",
    "After=tailscaled.service",
    "[Service]",
    "ExecStart=",
    `ExecStart=/usr/bin/code-server --bind-addr $address:${String(port)} --auth password`,
    // The address comes a moment after tailscaled has started.
    "Restart=always",
    "RestartSec=5",
    "END",
    "systemctl daemon-reload",
    "systemctl enable --now code-server@ubuntu",
    "",
  ];
  return {
    writeFiles: [{ path: editorScript, content: script.join("\n"), permissions: "0700" }],
    runcmd: [[editorScript]],
  };
}
