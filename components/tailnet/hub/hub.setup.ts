import { stringify } from "yaml";
import { type HubCertificate, hubCertificateFiles, type HubFile, hubFiles, script } from "./hub.files";
import { headscaleVersion, type HubSpec, packageChecksums } from "./hub.plan";

/** What flows into the setup of a hub but decides nothing. */
export interface HubValues {
  /** Present when the certificate is given. */
  readonly certificate?: HubCertificate | undefined;
}

/** Cloud-init user data of a hub: https://docs.cloud-init.io/en/latest/reference/modules.html */
export function hubUserData(hub: HubSpec, sshPublicKey: string, { certificate }: HubValues): string {
  const data = {
    hostname: "headscale",
    fqdn: hub.hostname,
    ssh_pwauth: false,
    disable_root: true,
    ssh_authorized_keys: [sshPublicKey],
    // Made before the package makes it, so that the certificate's key can belong to it.
    groups: ["headscale"],
    package_update: true,
    package_upgrade: true,
    packages: ["qemu-guest-agent", "unattended-upgrades", "curl", "ca-certificates", "sqlite3"],
    write_files: [
      ...hubFiles(hub).map(entry),
      { path: "/etc/apt/apt.conf.d/20auto-upgrades", permissions: "0644", content: autoUpgrades },
      // Late ("defer"), when the group that reads the key exists.
      ...(certificate === undefined
        ? []
        : hubCertificateFiles(certificate).map((file) => ({ ...entry(file), defer: true }))),
    ],
    runcmd: [
      ["systemctl", "enable", "--now", "qemu-guest-agent"],
      ["/usr/local/sbin/headscale-install", headscaleVersion, hub.architecture, checksumOf(hub)],
      ["systemctl", "enable", "--now", "headscale", "headscale-backup.timer"],
    ],
  };
  return `#cloud-config\n${stringify(data)}`;
}

const autoUpgrades = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n';

/** Without `restarts`, which cloud-init does not know. */
function entry({ path, permissions, owner, content }: HubFile) {
  return { path, permissions, ...(owner === undefined ? {} : { owner }), content };
}

/** For headscale-install; "" is its word for "the one that the release publishes". */
function checksumOf({ architecture }: HubSpec): string {
  return packageChecksums[architecture] ?? "";
}

/**
 * A shell script for root that brings a hub to what is declared, read from standard input: it may hold the
 * certificate's key. Run again it changes nothing. A server that runs is restarted only for a file that it reads at its
 * start.
 */
export function hubSetupScript(hub: HubSpec, { certificate }: HubValues): string {
  const files = [...hubFiles(hub), ...(certificate === undefined ? [] : hubCertificateFiles(certificate))];
  return [
    "set -eu",
    `version=${headscaleVersion} architecture=${hub.architecture} checksum=${checksumOf(hub)}`,
    "files() {",
    ...files.map(put),
    "}",
    script("apply.sh"),
  ].join("\n");
}

/** Ends the content of a file; no file has such a line. */
const end = "END_OF_HUB_FILE";

function put({ path, permissions, owner = "root:root", content, restarts = false }: HubFile): string {
  return `put ${path} ${permissions} ${owner} ${restarts ? "yes" : "no"} <<'${end}'\n${content.trimEnd()}\n${end}`;
}

/** Runs a script that comes on standard input as root, whether the user is root or may use sudo. */
export const asRoot = 'if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi';

/**
 * Mints an API key on the hub and prints it alone, once Headscale answers (at most 15 minutes).
 * https://headscale.net/stable/ref/api/
 */
export const mintScript = script("apiKey.sh");

/**
 * Expires the API keys that the estate minted before: an earlier edition's, and those of runs that were killed before
 * the key arrived. Keys that people made stay.
 */
export function expireOthersScript(apiKey: string): string {
  const prefix = /^hskey-api-([A-Za-z0-9_-]{12})-/.exec(apiKey)?.[1] ?? "";
  return `keep='${prefix}'\n${script("apiKeyOthers.sh")}`;
}
