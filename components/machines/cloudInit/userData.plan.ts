import { stringify } from "yaml";
import type { Gpu, Vm } from "../../../stacks/estate";
import { planGuestGpu } from "../gpus/guest.plan";
import { planRole } from "./roles.plan";

/** What joining the tailnet, a role or a device adds to a machine's cloud-init. */
export interface CloudInitParts {
  readonly writeFiles: readonly { readonly path: string; readonly content: string; readonly permissions?: string }[];
  readonly packages: readonly string[];
  readonly runcmd: readonly (string | readonly string[])[];
  /** A file without which the machine restarts, once, at the end of its first boot. @default no restart */
  readonly restartUnless?: string;
}

/** A machine that is set up by cloud-init. */
export interface UserDataArgs {
  readonly hostname: string;
  readonly vm: Vm;
  /** The card that is passed through to it. @default none */
  readonly gpu?: Gpu | undefined;
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
 * agent, the tailnet joined at first boot, the driver of its card, then what its role runs.
 *
 * The keys are those of https://docs.cloud-init.io/en/latest/reference/modules.html
 */
export function planUserData({ hostname, vm, gpu, sshPublicKey, join }: UserDataArgs): string {
  // Joined first: what a role runs listens on the machine's address in the tailnet, and may need the card.
  const parts = [join, ...(gpu === undefined ? [] : [planGuestGpu(vm, gpu)]), planRole(vm, gpu)];
  const files = parts.flatMap(({ restartUnless = [] }) => restartUnless);
  const config = {
    hostname,
    ssh_pwauth: false,
    disable_root: true,
    ssh_authorized_keys: [sshPublicKey],
    package_update: true,
    packages: [...new Set(["qemu-guest-agent", "unattended-upgrades", ...parts.flatMap(({ packages }) => packages)])],
    write_files: [
      { path: "/etc/apt/apt.conf.d/20auto-upgrades", permissions: "0644", content: autoUpgrades },
      ...parts.flatMap(({ writeFiles }) => writeFiles),
    ],
    runcmd: [["systemctl", "enable", "--now", "qemu-guest-agent"], ...parts.flatMap(({ runcmd }) => runcmd)],
    ...(files.length === 0 ? {} : { power_state: restart(files) }),
  };
  return `#cloud-config\n${stringify(config)}`;
}

/** After everything else, and only when one of the files is not there. */
function restart(files: readonly string[]) {
  return { mode: "reboot", condition: files.map((file) => `test ! -e ${file}`).join(" || ") };
}

/** https://wiki.debian.org/UnattendedUpgrades */
const autoUpgrades = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n';
