import { stringify } from "yaml";
import type { Vm } from "../../../stacks/estate";

/** What joining the tailnet adds to a machine's cloud-init. */
export interface CloudInitParts {
  readonly writeFiles: readonly { readonly path: string; readonly content: string; readonly permissions?: string }[];
  readonly packages: readonly string[];
  readonly runcmd: readonly (string | readonly string[])[];
  readonly apt?: Readonly<Record<string, unknown>>;
}

/** A machine that is set up by cloud-init. */
export interface UserDataArgs {
  readonly hostname: string;
  readonly role: Extract<Vm["role"], "docker-host" | "workstation">;
  /** Public key of the estate's administrator, OpenSSH format. */
  readonly sshPublicKey: string;
  readonly join: CloudInitParts;
}

/**
 * Cloud-init user data of a Docker host or workstation: an administrator by key only, unattended upgrades, the guest
 * agent, the role's packages, and the tailnet joined at first boot.
 *
 * The keys are those of https://docs.cloud-init.io/en/latest/reference/modules.html
 */
export function planUserData({ hostname, role, sshPublicKey, join }: UserDataArgs): string {
  const config = {
    hostname,
    ssh_pwauth: false,
    ssh_authorized_keys: [sshPublicKey],
    package_update: true,
    packages: ["qemu-guest-agent", "unattended-upgrades", ...rolePackages[role], ...join.packages],
    ...(join.apt === undefined ? {} : { apt: join.apt }),
    write_files: [...join.writeFiles],
    runcmd: [["systemctl", "enable", "--now", "qemu-guest-agent"], ...join.runcmd],
  };
  return `#cloud-config\n${stringify(config)}`;
}

const rolePackages: Readonly<Record<UserDataArgs["role"], readonly string[]>> = {
  // Compose as Ubuntu packages it: https://packages.ubuntu.com/docker-compose-v2
  "docker-host": ["docker.io", "docker-compose-v2"],
  workstation: ["git", "tmux"],
};
