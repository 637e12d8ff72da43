import type { ConfigDocument } from "./machineConfig";

/** How a node takes part in the tailnet. */
export interface NodeJoin {
  /** Its name in the tailnet. */
  readonly hostname: string;
  /** Networks that it routes for the others, such as the services of its cluster; none for most. */
  readonly advertises: readonly string[];
}

/** With what it joins. Plain strings, to be wrapped by the caller in one `pulumi.all`. */
export interface TailscaleArgs extends NodeJoin {
  /** https://headscale.example.org */
  readonly loginServer: string;
  readonly authKey: string;
}

/** UDP port of WireGuard, which the VM's firewall lets in as well. https://tailscale.com/kb/1082/firewall-ports */
export const tailscalePort = 41641;

/**
 * The configuration of Talos's Tailscale extension; secret as a whole, for the key in it. The node's tags are the key's.
 *
 * Made so that it can be applied again at any time: "once" logs in only while the node is not logged in, so that a key that was
 * used, has expired or was made anew changes nothing for a node that is in the tailnet. A new key is one more change of the
 * configuration, which needs no restart of the machine. What the node is in the tailnet is on its disk (/var/lib/tailscale): a
 * node that is wiped needs a new key, by `pulumi up --replace` of the key's URN.
 *
 * Routes are always said, because an absent TS_ROUTES keeps those of before. Those of others are not accepted: another node's
 * route to the pods would take this node's own traffic to them.
 *
 * Variables: https://github.com/siderolabs/extensions/blob/release-1.12/network/tailscale/README.md,
 * https://github.com/tailscale/tailscale/blob/v1.92.5/cmd/containerboot/main.go
 */
export function tailscaleDocument({ loginServer, authKey, hostname, advertises }: TailscaleArgs): ConfigDocument {
  return {
    apiVersion: "v1alpha1",
    kind: "ExtensionServiceConfig",
    name: "tailscale",
    environment: [
      `TS_AUTHKEY=${authKey}`,
      "TS_AUTH_ONCE=true",
      `TS_HOSTNAME=${hostname}`,
      `TS_ROUTES=${advertises.join(",")}`,
      `TS_EXTRA_ARGS=--login-server=${loginServer}`,
      // Otherwise any free port, which no firewall knows.
      `TS_TAILSCALED_EXTRA_ARGS=--port=${tailscalePort}`,
    ],
  };
}
