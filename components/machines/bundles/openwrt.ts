import type { BundleArgs } from "./bundle.plan";
import { joining, lines, opening } from "./posix";

/**
 * A router with OpenWrt, such as the gateway of a field network: the package of OpenWrt's own feed, by opkg or, since 25.12,
 * by apk, then an interface and a firewall zone of its own.
 * https://openwrt.org/docs/guide-user/services/vpn/tailscale/start
 */
export function openwrtBundle(args: BundleArgs): string {
  return lines(
    opening(args, "sh"),
    "",
    "if ! command -v tailscale >/dev/null 2>&1; then",
    "  if command -v apk >/dev/null 2>&1; then",
    "    apk update",
    "    apk add tailscale",
    "  else",
    "    opkg update",
    "    opkg install tailscale",
    "  fi",
    "fi",
    "/etc/init.d/tailscale enable",
    "/etc/init.d/tailscale start",
    network(args),
    // /tmp is memory on OpenWrt.
    joining(args, "mktemp /tmp/tailnet-join.XXXXXX"),
    "check",
  );
}

/**
 * The zone lets in what the machine serves, if anything, and forwards between the tailnet and the networks behind it when the
 * machine routes them. The field's devices reach the tailnet under the router's own address and so with its rights.
 */
function network({ services, join }: BundleArgs): string[] {
  const zone = {
    name: "tailscale",
    network: "tailscale",
    input: services.length === 0 ? "REJECT" : "ACCEPT",
    output: "ACCEPT",
    forward: "REJECT",
    masq: "1",
    mtu_fix: "1",
  };
  const ways = join.advertises.length === 0 ? [] : [["tailscale", "lan"] as const, ["lan", "tailscale"] as const];
  return [
    ...uci("network.tailscale", "interface", { proto: "none", device: "tailscale0" }),
    ...uci("firewall.tailscale", "zone", zone),
    ...ways.flatMap(([src, dest]) => uci(`firewall.${src}_${dest}`, "forwarding", { src, dest })),
    "uci commit network",
    "uci commit firewall",
    "/etc/init.d/network reload",
    "/etc/init.d/firewall restart",
  ];
}

/** A named section: set again it is the same section, never a second one. */
function uci(section: string, type: string, options: Readonly<Record<string, string>>): string[] {
  return [
    `uci set ${section}=${type}`,
    ...Object.entries(options).map(([name, value]) => `uci set ${section}.${name}=${value}`),
  ];
}
