import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { freeTcpPort, freeUdpPort } from "./ports";
import { socketPath } from "./sockets";

/** Where a headscale on loopback listens. */
export interface HeadscalePorts {
  readonly listen: number;
  readonly metrics: number;
  readonly grpc: number;
  /** UDP. */
  readonly stun: number;
}

/** A config.yaml as data: keys of https://github.com/juanfont/headscale/blob/v0.29.1/config-example.yaml */
export type HeadscaleConfig = Readonly<Record<string, unknown>>;

const loose = z.record(z.string(), z.unknown()).catch({});

/** Four ports of loopback that nothing listens on at the moment. */
export async function findPorts(): Promise<HeadscalePorts> {
  const [listen, metrics, grpc] = [await freeTcpPort(), await freeTcpPort(), await freeTcpPort()];
  return { listen, metrics, grpc, stun: await freeUdpPort() };
}

const port = z.string().transform((address) => Number(address.slice(address.lastIndexOf(":") + 1)));
const listening = z.object({
  listen_addr: port,
  metrics_listen_addr: port,
  grpc_listen_addr: port,
  derp: z.object({ server: z.object({ stun_listen_addr: port }) }),
});

/** The ports in a configuration that toLoopback has made; undefined when it is none. */
export function portsOf(text: string): HeadscalePorts | undefined {
  const { data } = listening.safeParse(parse(text));
  if (data === undefined) return undefined;
  const { listen_addr: listen, metrics_listen_addr: metrics, grpc_listen_addr: grpc, derp } = data;
  return { listen, metrics, grpc, stun: derp.server.stun_listen_addr };
}

/** What a headscale needs beyond its place: names under lab.internal, the policy in the database, quick answers. */
const plain: HeadscaleConfig = {
  prefixes: { v4: "100.64.0.0/10", v6: "fd7a:115c:a1e0::/48", allocation: "sequential" },
  derp: { server: { region_id: 999, region_code: "lab", region_name: "lab", verify_clients: true } },
  dns: { magic_dns: true, base_domain: "lab.internal", override_local_dns: false, nameservers: { global: [] } },
  policy: { mode: "database" },
  log: { level: "info" },
  // A lab's few nodes need no batching: the defaults make each change half a second late.
  tuning: { node_store_batch_timeout: "5ms", batch_change_delay: "5ms" },
};

/**
 * A configuration moved to loopback: whatever it listens on, whatever it keeps, and whatever it would ask of the outside
 * world is replaced; the rest stays as it is.
 *
 * @param config a hub's own configuration, @default one that is enough for a lab
 */
export function toLoopback(directory: string, ports: HeadscalePorts, config: HeadscaleConfig = plain): HeadscaleConfig {
  const address = (port: number) => `127.0.0.1:${port}`;
  const kept = Object.fromEntries(Object.entries(config).filter(([key]) => !/^(tls|acme)_/.test(key)));
  const derp = loose.parse(config["derp"]);
  return {
    ...kept,
    server_url: `http://${address(ports.listen)}`,
    listen_addr: address(ports.listen),
    metrics_listen_addr: address(ports.metrics),
    grpc_listen_addr: address(ports.grpc),
    grpc_allow_insecure: false,
    noise: { private_key_path: join(directory, "noise.key") },
    derp: {
      ...derp,
      server: {
        ...loose.parse(derp["server"]),
        enabled: true,
        stun_listen_addr: address(ports.stun),
        private_key_path: join(directory, "derp.key"),
        automatically_add_embedded_derp_region: true,
        ipv4: "127.0.0.1",
      },
      urls: [],
      auto_update_enabled: false,
    },
    disable_check_updates: true,
    database: { ...loose.parse(config["database"]), type: "sqlite", sqlite: sqlite(config, directory) },
    // Nothing is asked of a resolver outside; the names of the tailnet itself are served.
    dns: { ...loose.parse(config["dns"]), override_local_dns: false, nameservers: { global: [] } },
    logtail: { enabled: false },
    unix_socket: socketPath(directory, "headscale.sock"),
    unix_socket_permission: "0700",
  };
}

function sqlite(config: HeadscaleConfig, directory: string): HeadscaleConfig {
  const settings = loose.parse(loose.parse(config["database"])["sqlite"]);
  return { ...settings, path: join(directory, "db.sqlite") };
}
