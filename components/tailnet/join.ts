import ipaddr from "ipaddr.js";
import { type Machine, routedCidrs } from "../../stacks/estate";
import type { CloudInitParts } from "../machines/cloudInit/userData.plan";
import { advertisedBy, ownTag, type Topology } from "./topology";

/** How a machine takes part in the tailnet, without its key. */
export interface JoinPlan {
  /** Its name in the tailnet. */
  readonly hostname: string;
  /** Networks it routes for the others; none for most. */
  readonly advertises: readonly string[];
  /**
   * Whether it uses the networks that others advertise, such as the services of a cluster.
   * @default false, as tailscale does on Linux
   */
  readonly acceptRoutes?: boolean;
  /**
   * Whether tailscaled serves SSH sessions by the tailnet policy.
   * @default false
   */
  readonly ssh?: boolean;
}

/** How a machine joins: by a key that is secret. Plain strings, to be wrapped by the caller in one `pulumi.all`. */
export interface JoinArgs extends JoinPlan {
  /** https://headscale.example.org */
  readonly loginServer: string;
  readonly authKey: string;
}

const keyFile = "/run/tailnet-join/key";
const script = "/usr/local/sbin/tailnet-join";

/** What the topology says about how a machine joins. */
export function planJoin(topology: Topology, name: string, machine: Machine): JoinPlan {
  const tags = [ownTag(name), ...machine.tags.map((tag) => `tag:${tag}`)];
  const advertises = advertisedBy(topology, name, machine);
  return {
    hostname: name,
    advertises,
    acceptRoutes: advertises.length === 0 && !isInsideRoute(topology, machine),
    ssh: topology.tailnet.ssh.some(({ to }) => tags.includes(to)),
  };
}

/**
 * Cloud-init of a Debian or Ubuntu machine that joins the tailnet at its first boot: Tailscale from its official apt
 * repository (https://pkgs.tailscale.com/stable/), then `tailscale up` (https://tailscale.com/kb/1241/tailscale-up) with the
 * key in a file in memory that only root reads and that is removed afterwards, never on a command line. The result is
 * secret as a whole.
 */
export function joinCloudInit(args: JoinArgs): CloudInitParts {
  return {
    writeFiles: [
      { path: keyFile, content: args.authKey, permissions: "0600" },
      { path: script, content: joinScript(args), permissions: "0700" },
      ...(args.advertises.length === 0
        ? []
        : [{ path: "/etc/sysctl.d/99-tailnet.conf", content: forwarding, permissions: "0644" }]),
    ],
    packages: ["curl", "ca-certificates"],
    runcmd: [[script]],
  };
}

/** https://tailscale.com/kb/1019/subnets: a subnet router forwards packets. */
export const forwarding = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n";

/**
 * What `tailscale up` is told, one flag a word; the key comes from a file. All of them each time: Tailscale refuses to leave
 * out what was said before. https://tailscale.com/kb/1241/tailscale-up
 *
 * @param key path of the file with the key; undefined for a machine that is in the tailnet already
 */
export function upFlags(join: JoinPlan & Pick<JoinArgs, "loginServer">, key: string | undefined): string[] {
  const { loginServer, hostname, advertises, acceptRoutes = false, ssh = false } = join;
  return [
    `--login-server=${loginServer}`,
    ...(key === undefined ? [] : [`--auth-key=file:${key}`]),
    `--hostname=${hostname}`,
    `--accept-routes=${String(acceptRoutes)}`,
    ...(ssh ? ["--ssh"] : []),
    ...(advertises.length === 0 ? [] : [`--advertise-routes=${advertises.join(",")}`]),
    "--timeout=120s",
  ];
}

/** Shell: Tailscale from its own apt repository, for Debian, Ubuntu and Raspberry Pi OS. https://pkgs.tailscale.com/stable/ */
export const installByApt: readonly string[] = [
  ". /etc/os-release",
  'repository="https://pkgs.tailscale.com/stable/$ID/$VERSION_CODENAME"',
  'curl -fsSL --retry 5 "$repository.noarmor.gpg" -o /usr/share/keyrings/tailscale-archive-keyring.gpg',
  'curl -fsSL --retry 5 "$repository.tailscale-keyring.list" -o /etc/apt/sources.list.d/tailscale.list',
  "apt-get update",
  "DEBIAN_FRONTEND=noninteractive apt-get install --yes tailscale",
];

/** The key is removed however the script ends. A join that fails leaves the machine outside, and cloud-init says so. */
function joinScript(args: JoinArgs): string {
  return [
    "#!/bin/sh",
    "set -eu",
    `trap 'rm -f ${keyFile}' EXIT`,
    ...installByApt,
    ...(args.advertises.length === 0 ? [] : ["sysctl --system"]),
    `tailscale up ${upFlags(args, keyFile).join(" ")}`,
    "",
  ].join("\n");
}

/** A machine must not accept a route to the network it is in: its own neighbours would be behind a tunnel. */
function isInsideRoute({ machines, clusters }: Topology, machine: Machine): boolean {
  const { address } = machine;
  if (address === undefined) return false;
  const routes = [
    ...Object.values(machines).flatMap(({ advertises }) => advertises),
    ...Object.values(clusters).flatMap(routedCidrs),
  ];
  return routes.some((cidr) => ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr)));
}
