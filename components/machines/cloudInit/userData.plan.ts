import { stringify } from "yaml";
import type { Vm } from "../../../stacks/estate";
import { planRole } from "./roles.plan";

/** What joining the tailnet, a role or a device adds to a machine's cloud-init. */
export interface CloudInitParts {
  readonly writeFiles: readonly { readonly path: string; readonly content: string; readonly permissions?: string }[];
  readonly packages: readonly string[];
  readonly runcmd: readonly (string | readonly string[])[];
  readonly apt?: Readonly<Record<string, unknown>>;
}

/** A machine that is set up by cloud-init. */
export interface UserDataArgs {
  readonly hostname: string;
  readonly vm: Vm;
  /** Public key of the estate's administrator, OpenSSH format. */
  readonly sshPublicKey: string;
  readonly join: CloudInitParts;
}

/** Roles whose machines get user data; the others' images have their own ways. */
export function hasUserData({ role }: Pick<Vm, "role">): boolean {
  return role === "docker-host" || role === "workstation";
}

/**
 * Cloud-init user data of a Docker host or workstation: an administrator by key only, unattended upgrades, the guest
 * agent, the tailnet joined at first boot, then what its role runs.
 *
 * The keys are those of https://docs.cloud-init.io/en/latest/reference/modules.html
 */
export function planUserData({ hostname, vm, sshPublicKey, join }: UserDataArgs): string {
  // Joined first: what a role runs listens on the machine's address in the tailnet.
  const parts = [join, planRole(vm)];
  const apt = parts.map((part) => part.apt).filter((table) => table !== undefined);
  const config = {
    hostname,
    ssh_pwauth: false,
    disable_root: true,
    ssh_authorized_keys: [sshPublicKey],
    package_update: true,
    packages: [...new Set(["qemu-guest-agent", "unattended-upgrades", ...parts.flatMap(({ packages }) => packages)])],
    ...(apt.length === 0 ? {} : { apt: Object.fromEntries(apt.flatMap((table) => Object.entries(table))) }),
    write_files: [
      { path: "/etc/apt/apt.conf.d/20auto-upgrades", permissions: "0644", content: autoUpgrades },
      ...parts.flatMap(({ writeFiles }) => writeFiles),
    ],
    runcmd: [["systemctl", "enable", "--now", "qemu-guest-agent"], ...parts.flatMap(({ runcmd }) => runcmd)],
  };
  return `#cloud-config\n${stringify(config)}`;
}

/** https://wiki.debian.org/UnattendedUpgrades */
const autoUpgrades = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n';
