import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import type { Vm } from "../../stacks/estate";
import { backupFiles } from "./hub.backup";
import { certificateFiles, hubConfig, type HubConfigArgs } from "./hub.config";

/**
 * The hub's version. 0.29.1 is what the lab runs; patch releases of one minor version change no configuration key and no
 * API: https://github.com/juanfont/headscale/releases
 */
export const headscaleVersion = "0.29.3";

const packageUrl =
  `https://github.com/juanfont/headscale/releases/download/v${headscaleVersion}/` +
  `headscale_${headscaleVersion}_linux_amd64.deb`;

/** What a hub is made of, as far as it is known before anything is created. */
export interface HubSpec {
  readonly hostname: string;
  /** Name under which the API is called and nodes join. */
  readonly loginServer: string;
  /** The image's user that logs in by key and may use sudo. */
  readonly user: string;
  /** Headscale's config.yaml. It holds no secret. */
  readonly config: string;
}

/** What flows into the user data but decides nothing. */
export interface HubValues {
  readonly sshPublicKey: string;
  /** Present when the certificate is given. */
  readonly certificate?: { readonly chain: string; readonly privateKey: string };
}

export interface HubPlanArgs extends Pick<HubConfigArgs, "baseDomain" | "certificate" | "trustedProxies"> {
  readonly image: Vm["image"];
  readonly domain: string;
}

/** Users of the cloud images that may use sudo without a password; the other images know no cloud-init. */
const users: Readonly<Partial<Record<Vm["image"], string>>> = {
  "debian-12": "debian",
  "ubuntu-22.04": "ubuntu",
  "ubuntu-24.04": "ubuntu",
};

/**
 * Plans a hub.
 *
 * @throws InputPropertiesError when its image cannot run it, or its name is inside the tailnet's base domain
 */
export function planHub({ image, domain, ...rest }: HubPlanArgs): HubSpec {
  const hostname = `headscale.${domain}`;
  const user = users[image];
  const errors = [
    ...(user === undefined
      ? [
          {
            propertyPath: "vm.image",
            reason: `"${image}" is not set up by cloud-init; allowed: ${Object.keys(users).join(", ")}; choose one of them`,
          },
        ]
      : []),
    ...(`.${hostname}`.endsWith(`.${rest.baseDomain}`)
      ? [
          {
            propertyPath: "baseDomain",
            reason:
              `"${rest.baseDomain}" holds the hub's own name ${hostname}; allowed: a domain that does not; choose ` +
              `another, such as tailnet.${domain}`,
          },
        ]
      : []),
  ];
  if (user === undefined || errors.length > 0) {
    throw new pulumi.InputPropertiesError({ message: "The Headscale hub cannot be built as it is declared", errors });
  }
  return {
    hostname,
    loginServer: `https://${hostname}`,
    user,
    config: stringify(hubConfig({ hostname, ...rest })),
  };
}

/** Cloud-init user data of a hub: https://docs.cloud-init.io/en/latest/reference/modules.html */
export function hubUserData({ hostname, config }: HubSpec, { sshPublicKey, certificate }: HubValues): string {
  const data = {
    hostname: "headscale",
    fqdn: hostname,
    ssh_pwauth: false,
    disable_root: true,
    ssh_authorized_keys: [sshPublicKey],
    // Made before the package makes it, so that the certificate's key can belong to it.
    groups: ["headscale"],
    package_update: true,
    package_upgrade: true,
    packages: ["qemu-guest-agent", "unattended-upgrades", "curl", "ca-certificates", "sqlite3"],
    write_files: [
      { path: "/etc/headscale/config.yaml", permissions: "0644", content: config },
      { path: "/etc/apt/apt.conf.d/20auto-upgrades", permissions: "0644", content: autoUpgrades },
      ...backupFiles,
      ...(certificate === undefined ? [] : certificateEntries(certificate)),
    ],
    runcmd: [
      ["systemctl", "enable", "--now", "qemu-guest-agent"],
      ["curl", "-fsSL", "--retry", "5", "-o", "/root/headscale.deb", packageUrl],
      // The package brings a configuration of its own; ours is there first and stays.
      "DEBIAN_FRONTEND=noninteractive apt-get install --yes -o Dpkg::Options::=--force-confold /root/headscale.deb",
      ["systemctl", "enable", "--now", "headscale", "headscale-backup.timer"],
    ],
  };
  return `#cloud-config\n${stringify(data)}`;
}

const autoUpgrades = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n';

/** Written late ("defer"), when the group that reads the key exists. */
function certificateEntries({ chain, privateKey }: { readonly chain: string; readonly privateKey: string }) {
  return [
    { path: certificateFiles.chain, permissions: "0644", content: chain, defer: true },
    { path: certificateFiles.key, permissions: "0640", owner: "root:headscale", content: privateKey, defer: true },
  ];
}

/**
 * The command that mints the API key, on the hub: it waits (at most 15 minutes) until the first boot has brought Headscale
 * up, and prints the key alone. https://headscale.net/stable/ref/api/
 */
export const apiKeyCommand = [
  "timeout 900 sh -c 'until sudo headscale health >/dev/null 2>&1; do sleep 5; done'",
  "sudo headscale apikeys create --expiration 90d",
].join(" && ");
