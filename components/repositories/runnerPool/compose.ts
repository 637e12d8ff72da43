import { stringify } from "yaml";

/**
 * What a runner's containers run. GitHub refuses runners that are a month behind a release, so this table needs to be
 * renewed: https://github.com/actions/runner/releases, https://hub.docker.com/r/tailscale/tailscale/tags
 */
const images = {
  runner:
    "ghcr.io/actions/actions-runner:2.337.0@sha256:e5496277be5d09bc968b3d64911b74e219ac4a3f2edce956a3ecf9271bea1ef4",
  tailscale: "tailscale/tailscale:v1.98.10@sha256:cdf5612ded5be1344f1a704b8c5e53496db97376bb533e5e15f141e48bf60cc0",
} as const;

/**
 * Refuses what the runner sends to private addresses other than through the tailnet: otherwise a job would reach the host
 * and its local network around the tailnet's policy. Tailscale's own packets carry its mark and pass:
 * https://github.com/tailscale/tailscale/blob/main/util/linuxfw/linuxfw.go
 */
const closeLocalNetworks =
  "iptables -A OUTPUT -o eth0 -d 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16 " +
  "-m mark ! --mark 0x80000/0xff0000 -j REJECT";

/**
 * The compose file of one runner: the runner, in the network of a Tailscale sidecar. Slot, ticket and the sidecar's key are
 * files and variables of the host, never in it.
 *
 * The runner has no capabilities, no way to gain any, and no Docker socket: whoever has the socket is root on the host.
 * Builds of images need a rootless builder, which is not here yet.
 *
 * @param hostname the tailnet name; the slot's number follows it
 */
export function composeFile(hostname: string): string {
  return stringify({
    services: {
      tailnet: {
        image: images.tailscale,
        hostname: `${hostname}-\${SLOT}`,
        entrypoint: ["/bin/sh", "-ec", `${closeLocalNetworks}; exec /usr/local/bin/containerboot`],
        // https://pkg.go.dev/tailscale.com/cmd/containerboot; without TS_STATE_DIR the state is in memory and the node is
        // forgotten with its container.
        environment: {
          TS_AUTHKEY: "file:/run/secrets/join-key",
          // Kernel networking: with userspace networking ssh and docker would need a proxy to reach the tailnet.
          TS_USERSPACE: "false",
          TS_HOSTNAME: `${hostname}-\${SLOT}`,
          TS_ACCEPT_DNS: "true",
        },
        env_file: ["tailnet.env"],
        // Names outside the tailnet; the local network's own resolver is behind the filter.
        dns: ["1.1.1.1", "9.9.9.9"],
        devices: ["/dev/net/tun"],
        cap_drop: ["ALL"],
        cap_add: ["NET_ADMIN", "NET_RAW"],
        security_opt: ["no-new-privileges:true"],
        secrets: ["join-key"],
        healthcheck: {
          test: ["CMD", "tailscale", "--socket=/tmp/tailscaled.sock", "status", "--peers=false"],
          interval: "2s",
          timeout: "5s",
          retries: 30,
        },
      },
      runner: {
        image: images.runner,
        network_mode: "service:tailnet",
        depends_on: { tailnet: { condition: "service_healthy" } },
        // In the environment of this process only, which removes it on start; "$$" is compose's way to write "$".
        command: ["/bin/bash", "-c", 'ACTIONS_RUNNER_INPUT_JITCONFIG="$$(cat /run/secrets/ticket)" exec ./run.sh'],
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        pids_limit: 4096,
        secrets: ["ticket"],
      },
    },
    secrets: { "join-key": { file: "./join-key" }, ticket: { file: "${TICKET}" } },
  });
}
