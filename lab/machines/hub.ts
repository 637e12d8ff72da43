import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { capture, readDaemon, waitFor } from "../control/daemon";
import { headscaleFiles, spawnHeadscale } from "../control/headscale";
import { toLoopback } from "../control/headscale.config";
import { freeTcpPort, freeUdpPort } from "../control/ports";
import { type CloudInit, hubConfigPath } from "./cloudInit";
import type { MachinePlace, Machines } from "./place";
import { moveTo, writeBin, writeRoot } from "./root";

const configSchema = z.looseObject({ server_url: z.url(), tls_cert_path: z.string(), tls_key_path: z.string() });

/**
 * Makes the hub of the full lab: the real headscale, from the configuration that the hub's own cloud-init holds. Moved to
 * loopback are what it listens on and where it keeps its state. Its certificate is the one it is given.
 */
export async function makeHub(machines: Machines, place: MachinePlace, cloudInit: CloudInit): Promise<void> {
  const written = cloudInit.write_files.find(({ path }) => path === hubConfigPath)?.content ?? "";
  const config = configSchema.parse(parse(moveTo(place, cloudInit)(written)));
  const listen = Number(new URL(config.server_url).port);
  const [metrics, grpc, stun] = [await freeTcpPort(), await freeTcpPort(), await freeUdpPort()];
  const moved = toLoopback(place.state, { listen, metrics, grpc, stun }, config);
  mkdirSync(place.state, { recursive: true, mode: 0o700 });
  const file = headscaleFiles(place.state).config;
  const { server_url, tls_cert_path, tls_key_path } = config;
  writeFileSync(file, stringify({ ...moved, server_url, tls_cert_path, tls_key_path }), { mode: 0o600 });
  writeRoot(place, cloudInit);
  writeBin(place, { headscale: [join(machines.tools, "headscale"), "--config", file] });
}

/** Starts the hub when it does not run, and waits until it answers. */
export async function startHub(machines: Machines, place: MachinePlace): Promise<void> {
  const files = headscaleFiles(place.state);
  const binary = join(machines.tools, "headscale");
  if (readDaemon(files.pid) !== undefined) return;
  const daemon = spawnHeadscale({ binary, directory: place.state, detached: true });
  // Through its socket: this process need not trust the lab's authority.
  const healthy = () =>
    capture(binary, ["--config", files.config, "health"]).then(
      () => true,
      () => false,
    );
  await waitFor("The lab's headscale must answer", daemon, files.log, healthy, 60_000);
}
