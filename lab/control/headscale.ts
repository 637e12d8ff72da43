import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { capture, type Daemon, readDaemon, startDaemon, stopDaemon, tail, waitFor, writeDaemon } from "./daemon";
import { findPorts, type HeadscaleConfig, portsOf, toLoopback } from "./headscale.config";

export interface HeadscaleRequest {
  /** The headscale binary. */
  readonly binary: string;
  /** Where it keeps its configuration, database, keys, log and pid; what is there already is used again. */
  readonly directory: string;
  /** A hub's configuration, moved to loopback. @default one that is enough for a lab */
  readonly config?: HeadscaleConfig;
  /** Whether it outlives this process. @default false */
  readonly detached?: boolean;
}

/** A headscale on loopback. */
export interface Headscale {
  /** What clients and the API are told: http://127.0.0.1:PORT */
  readonly url: string;
  /** Prometheus metrics at /metrics, the server's own view of itself under /debug/. */
  readonly metricsUrl: string;
  readonly directory: string;
  /** Unix socket of its gRPC API, which asks for no key. */
  readonly socket: string;
  readonly pid: number;
  readonly log: string;
  /** Runs its command line against the running server and returns what it prints. */
  cli(args: readonly string[]): Promise<string>;
  /** A new API key that expires after so long: "1h", "90d". */
  createApiKey(expiration: string): Promise<string>;
  /** Ends it, and waits until it has ended. */
  stop(): Promise<void>;
}

/** The files of a headscale in a directory. */
export function headscaleFiles(directory: string) {
  return {
    config: join(directory, "config.yaml"),
    log: join(directory, "headscale.log"),
    pid: join(directory, "headscale.pid"),
  } as const;
}

/**
 * Starts a headscale on loopback and waits until it answers. When another program takes one of its ports in between, it
 * tries again with others.
 *
 * @throws Error with the end of its log when it does not come up
 */
export async function startHeadscale(request: HeadscaleRequest): Promise<Headscale> {
  for (let attempt = 1; ; attempt++) {
    await configureHeadscale(request.directory, request.config, attempt > 1);
    const daemon = spawnHeadscale(request);
    try {
      await awaitHeadscale(request.directory, daemon);
      return handle(request.binary, request.directory, daemon);
    } catch (error) {
      await stopDaemon(daemon);
      const taken = tail(headscaleFiles(request.directory).log).includes("address already in use");
      if (!taken || attempt === 3) throw error;
    }
  }
}

/**
 * Writes the configuration of a headscale on loopback: on the ports it had before when it had some, so that clients that
 * know it find it again.
 *
 * @param elsewhere on other ports, because those are taken
 */
export async function configureHeadscale(
  directory: string,
  config?: HeadscaleConfig,
  elsewhere = false,
): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = headscaleFiles(directory).config;
  const known = elsewhere || !existsSync(file) ? undefined : portsOf(readFileSync(file, "utf8"));
  writeFileSync(file, stringify(toLoopback(directory, known ?? (await findPorts()), config)), { mode: 0o600 });
}

/** Starts the server that a directory is configured for, and remembers its pid there. Does not wait for it. */
export function spawnHeadscale({ binary, directory, detached = false }: HeadscaleRequest): Daemon {
  const files = headscaleFiles(directory);
  const daemon = startDaemon({
    program: binary,
    args: ["serve", "--config", files.config],
    directory,
    log: files.log,
    detached,
  });
  writeDaemon(files.pid, daemon);
  return daemon;
}

/** Waits until the server of a directory answers, at most so many milliseconds. */
export async function awaitHeadscale(directory: string, daemon: Daemon, limit = 30_000): Promise<void> {
  const { url } = addressesOf(directory);
  await waitFor("headscale must answer", daemon, headscaleFiles(directory).log, () => answers(`${url}/health`), limit);
}

/** The headscale that runs in a directory, started by this process or another; undefined when none does. */
export function findHeadscale(binary: string, directory: string): Headscale | undefined {
  const daemon = readDaemon(headscaleFiles(directory).pid);
  return daemon === undefined ? undefined : handle(binary, directory, daemon);
}

function handle(binary: string, directory: string, daemon: Daemon): Headscale {
  const files = headscaleFiles(directory);
  const cli = (args: readonly string[]) => capture(binary, ["--config", files.config, ...args]);
  return {
    ...addressesOf(directory),
    directory,
    pid: daemon.pid,
    log: files.log,
    cli,
    createApiKey: async (expiration) => {
      const printed = await cli(["apikeys", "create", "--expiration", expiration, "--output", "json"]);
      return z.string().parse(JSON.parse(printed));
    },
    stop: async () => {
      await stopDaemon(daemon);
      rmSync(files.pid, { force: true });
    },
  };
}

const addresses = z.object({ server_url: z.url(), metrics_listen_addr: z.string(), unix_socket: z.string() });

function addressesOf(directory: string): Pick<Headscale, "url" | "metricsUrl" | "socket"> {
  const config: unknown = parse(readFileSync(headscaleFiles(directory).config, "utf8"));
  const { server_url, metrics_listen_addr, unix_socket } = addresses.parse(config);
  return { url: server_url, metricsUrl: `http://${metrics_listen_addr}`, socket: unix_socket };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
