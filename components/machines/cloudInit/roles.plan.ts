import type { Gpu, Vm } from "../../../stacks/estate";
import { planDocker } from "./docker.plan";
import { loginUser } from "./loginUser";
import type { CloudInitParts } from "./userData.plan";

/** What a role adds to a machine's cloud-init, after the tailnet has been joined and the card has its driver. */
export function planRole(vm: Vm, gpu: Gpu | undefined): CloudInitParts {
  const { role, image, editor, serves } = vm;
  const port = editor === undefined ? undefined : serves[editor]?.port;
  switch (role) {
    case "docker-host":
      return planDocker(vm, gpu);
    case "workstation":
      return {
        packages: ["git", "tmux", "curl"],
        ...(port === undefined ? none : codeServer(port, loginUser(image))),
      };
    default:
      return { packages: [], ...none };
  }
}

const none: Pick<CloudInitParts, "writeFiles" | "runcmd"> = { writeFiles: [], runcmd: [] };

/** https://github.com/coder/code-server/releases */
const codeServerVersion = "4.131.0";
const editorScript = "/usr/local/sbin/estate-editor";

/**
 * VS Code in a browser: code-server by its own script (https://coder.com/docs/code-server/install), on the machine's address in
 * the tailnet alone. It makes its password itself, at its first start, in ~/.config/code-server/config.yaml.
 */
function codeServer(port: number, user: string): Pick<CloudInitParts, "writeFiles" | "runcmd"> {
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
    `systemctl enable --now code-server@${user}`,
    "",
  ];
  return {
    writeFiles: [{ path: editorScript, content: script.join("\n"), permissions: "0700" }],
    runcmd: [[editorScript]],
  };
}
