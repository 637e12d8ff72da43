import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import {
  awaitHeadscale,
  configureHeadscale,
  findHeadscale,
  headscaleFiles,
  spawnHeadscale,
  startHeadscale,
} from "../../lab/control/headscale";
import { isRunning, readDaemon, stopDaemon } from "../../lab/control/daemon";
import { toLoopback } from "../../lab/control/headscale.config";
import { upArguments } from "../../lab/control/tailscale";
import { obtainBinaries } from "./support/tools";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "estate-control-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ports = { listen: 1, metrics: 2, grpc: 3, stun: 4 };

test("a hub's configuration on loopback keeps what it says, but for where it listens, keeps things and asks outside", () => {
  const hub = {
    server_url: "https://hub.estate.example",
    listen_addr: "0.0.0.0:443",
    tls_letsencrypt_hostname: "hub.estate.example",
    tls_cert_path: "/etc/tls.crt",
    acme_email: "ops@estate.example",
    trusted_proxies: ["10.0.0.1/32"],
    node: { expiry: "180d" },
    derp: { server: { region_id: 7, verify_clients: true }, urls: ["https://relays.example"], paths: [] },
    database: { type: "sqlite", gorm: { prepare_stmt: true }, sqlite: { path: "/var/db", write_ahead_log: true } },
    dns: {
      magic_dns: true,
      base_domain: "net.example",
      override_local_dns: true,
      nameservers: { global: ["1.1.1.1"] },
    },
    policy: { mode: "database" },
  };
  expect(toLoopback("/lab", ports, hub)).toEqual({
    server_url: "http://127.0.0.1:1",
    listen_addr: "127.0.0.1:1",
    metrics_listen_addr: "127.0.0.1:2",
    grpc_listen_addr: "127.0.0.1:3",
    grpc_allow_insecure: false,
    trusted_proxies: ["10.0.0.1/32"],
    node: { expiry: "180d" },
    noise: { private_key_path: "/lab/noise.key" },
    derp: {
      server: {
        region_id: 7,
        verify_clients: true,
        enabled: true,
        stun_listen_addr: "127.0.0.1:4",
        private_key_path: "/lab/derp.key",
        automatically_add_embedded_derp_region: true,
        ipv4: "127.0.0.1",
      },
      urls: [],
      paths: [],
      auto_update_enabled: false,
    },
    disable_check_updates: true,
    database: {
      type: "sqlite",
      gorm: { prepare_stmt: true },
      sqlite: { path: "/lab/db.sqlite", write_ahead_log: true },
    },
    dns: { magic_dns: true, base_domain: "net.example", override_local_dns: false, nameservers: { global: [] } },
    policy: { mode: "database" },
    logtail: { enabled: false },
    unix_socket: "/lab/headscale.sock",
    unix_socket_permission: "0700",
  });
});

test("a server keeps its address and what it knows when it is stopped and started again", async () => {
  const { headscale: binary } = await obtainBinaries();
  // Too long for a Unix socket: that one goes elsewhere.
  const directory = join(folder, "a".repeat(60), "b".repeat(60));
  const first = await startHeadscale({ binary, directory });
  await first.cli(["users", "create", "ada"]);
  expect(await first.createApiKey("1h")).toMatch(/^hskey-api-/);
  expect(findHeadscale(binary, directory)?.pid).toBe(first.pid);
  await first.stop();
  expect(findHeadscale(binary, directory)).toBeUndefined();
  const second = await startHeadscale({ binary, directory });
  expect([second.url, second.metricsUrl]).toEqual([first.url, first.metricsUrl]);
  expect(JSON.parse(await second.cli(["users", "list", "--output", "json"]))).toHaveLength(1);
  await second.stop();
}, 60_000);

test("a server goes elsewhere when its port is taken", async () => {
  const { headscale: binary } = await obtainBinaries();
  const directory = join(folder, "hub");
  await configureHeadscale(directory);
  const url = urlOf(directory);
  const squatter = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => squatter.listen(Number(new URL(url).port), "127.0.0.1", resolve));
  const server = await startHeadscale({ binary, directory });
  expect(server.url).not.toBe(url);
  await server.stop();
  await new Promise((resolve) => squatter.close(resolve));
}, 60_000);

test("a detached server is found and stopped by what it left in its directory", async () => {
  const { headscale: binary } = await obtainBinaries();
  const directory = join(folder, "hub");
  await configureHeadscale(directory);
  const daemon = spawnHeadscale({ binary, directory, detached: true });
  await awaitHeadscale(directory, daemon);
  expect(readDaemon(headscaleFiles(directory).pid)).toEqual(daemon);
  await findHeadscale(binary, directory)?.stop();
  expect(isRunning(daemon)).toBe(false);
  expect(existsSync(headscaleFiles(directory).pid)).toBe(false);
}, 60_000);

test("a pid that another process has by now is not taken for the server", async () => {
  const file = join(folder, "pid");
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: "1" }));
  expect(readDaemon(file)).toBeUndefined();
  await stopDaemon({ pid: process.pid, started: "1" });
});

test("a server that does not come up says why", async () => {
  const { headscale: binary } = await obtainBinaries();
  const directory = join(folder, "hub");
  // Without addresses to give, headscale does not start.
  const error = await startHeadscale({ binary, directory, config: {} }).catch((reason: unknown) => reason);
  expect(error).toEqual(
    new Error(
      `headscale must answer: it ended. The end of ${headscaleFiles(directory).log}:\n` +
        "Error: initializing: loading configuration: no IPv4 or IPv6 prefix configured, minimum one prefix is required",
    ),
  );
}, 60_000);

test("a key is never on a command line", () => {
  const request = { loginServer: "http://127.0.0.1:1", authKeyFile: "/lab/key", hostname: "web" };
  expect(upArguments({ ...request, advertiseRoutes: ["10.0.0.0/8", "fd00::/64"], ssh: true })).toEqual([
    "up",
    "--reset",
    "--login-server=http://127.0.0.1:1",
    "--auth-key=file:/lab/key",
    "--hostname=web",
    "--advertise-routes=10.0.0.0/8,fd00::/64",
    "--accept-routes=false",
    "--ssh=true",
    "--accept-dns=false",
    "--timeout=25s",
  ]);
});

function urlOf(directory: string): string {
  const config: unknown = parse(readFileSync(headscaleFiles(directory).config, "utf8"));
  return typeof config === "object" && config !== null && "server_url" in config ? String(config.server_url) : "";
}
