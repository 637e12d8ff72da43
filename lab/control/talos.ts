import { existsSync, mkdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { type Daemon, readDaemon, startDaemon, stopDaemon, waitFor, writeDaemon } from "./daemon";

/** A machine that is played. */
export interface TalosMachine {
  /** What its cluster calls it, for example "192.168.10.111". */
  readonly address: string;
  /** Where its API answers: an address of loopback with a port. @default its own address, port 50000 */
  readonly listen?: string;
}

export interface TalosMachinesRequest {
  /** The talos-machine binary. */
  readonly binary: string;
  /** Where it keeps its state, socket, log and pid; machines that are there already are as they were. */
  readonly directory: string;
  readonly machines: readonly TalosMachine[];
  /** Milliseconds until a machine has booted. @default 1000 */
  readonly boot?: number;
  /** Milliseconds until its etcd is healthy after that. @default 300 */
  readonly settle?: number;
  /** Whether it outlives this process. @default false */
  readonly detached?: boolean;
}

const machineView = z.object({
  address: z.string(),
  listen: z.string(),
  phase: z.enum(["off", "booting", "maintenance", "running"]),
  /** Why its API does not answer although it has booted: its port is taken, or no control plane signs its certificate. */
  problem: z.string().optional(),
  /** As its configuration says, or its address; absent without a configuration, as are the next two. */
  hostname: z.string().optional(),
  /** The name of its cluster. */
  cluster: z.string().optional(),
  type: z.string().optional(),
  version: z.string(),
  /** The installer image that an upgrade put there. */
  image: z.string().optional(),
  /** The version of its kubelet, without the "v". */
  kubelet: z.string().optional(),
  /** The static pods of a control plane that runs; `config` is what Talos annotates them with as talos.dev/config-version. */
  pods: z.array(z.object({ name: z.string(), image: z.string(), config: z.string() })).default([]),
  /** Whether etcd counts it. */
  member: z.boolean(),
  ready: z.boolean(),
  /** From the drain that precedes an upgrade, a reset or a shutdown, until it is ready again; Talos does not drain before a reboot. */
  cordoned: z.boolean(),
});

const view = z.object({
  machines: z.array(machineView),
  /** By secrets: a cluster that was made anew has another entry of the same name. */
  clusters: z.array(
    z.object({
      name: z.string(),
      /** Whether its etcd has members. */
      bootstrapped: z.boolean(),
      /** Their addresses. */
      members: z.array(z.string()),
      /** Where its API server answers, as `publish` said. */
      kubernetes: z.string().optional(),
      revision: z.number(),
      /** How many members were not healthy at once at most. */
      mostAtOnce: z.number(),
      /** How often a majority was missing. */
      quorumLost: z.number(),
    }),
  ),
  /** What happened, oldest first; the last 5000 entries. */
  journal: z.array(z.object({ node: z.string(), what: z.string() })),
});
/** What the machines are, and what happened to them. */
export type TalosView = z.output<typeof view>;

/**
 * What a hypervisor does to a machine, and what goes wrong with it:
 * - a `sick` one's etcd does not become healthy, until it is `well`;
 * - `rollback`: its next upgrade does not boot, and it falls back to the version it had;
 * - `corrupt`: its next etcd snapshot is damaged on its way, which only the SHA-256 at its end tells.
 */
export type TalosAction = "on" | "off" | "destroy" | "sick" | "well" | "rollback" | "corrupt";

/** Machines on loopback that run Talos as far as talosctl can tell. */
export interface TalosMachines {
  readonly directory: string;
  readonly pid: number;
  readonly log: string;
  view(): Promise<TalosView>;
  /** Adds a machine and switches it on; one that is there goes on as it was, and answers elsewhere when `listen` is another. */
  add(machine: TalosMachine): Promise<void>;
  /** @throws Error when there is no such machine; to destroy that is none */
  act(address: string, action: TalosAction): Promise<void>;
  /** The next boot of a machine takes so many milliseconds longer. */
  slow(address: string, milliseconds: number): Promise<void>;
  /** The configuration that was applied to a machine, with every secret in it; undefined in maintenance mode, and when there is no such machine. */
  config(address: string): Promise<string | undefined>;
  /** Says where the API server of a cluster really answers, for example "https://127.0.0.1:6443": kubeconfigs have that from now on. */
  publish(cluster: string, kubernetes: string): Promise<void>;
  /** Ends it, and waits until it has ended. The machines are as they were when it starts again. */
  stop(): Promise<void>;
}

/** The files of played machines in a directory. */
export function talosFiles(directory: string) {
  return {
    socket: join(directory, "control.sock"),
    log: join(directory, "talos-machine.log"),
    pid: join(directory, "talos-machine.pid"),
  } as const;
}

/**
 * Starts machines on loopback and waits until they are switched on; booting takes longer. Those that were in the directory
 * before are as they were, however the process that played them ended.
 *
 * @throws Error with the end of its log when it does not come up, and when the machines of the directory are played already
 */
export async function startTalosMachines(wanted: TalosMachinesRequest): Promise<TalosMachines> {
  const { directory, binary, machines, boot = 1000, settle = 300, detached = false } = wanted;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = talosFiles(directory);
  const playing = readDaemon(files.pid);
  if (playing !== undefined) throw new Error(`Process ${playing.pid} plays the machines of ${directory} already`);
  // One that a killed process left would be taken for the new one's.
  rmSync(files.socket, { force: true });
  const args = [
    ...["-directory", directory, "-boot", `${boot}ms`, "-settle", `${settle}ms`],
    ...machines.flatMap((machine) => ["-node", `${machine.address}=${listenOf(machine)}`]),
  ];
  const daemon = startDaemon({ program: binary, args, directory, log: files.log, detached });
  writeDaemon(files.pid, daemon);
  await waitFor("the Talos machines must answer", daemon, files.log, () => answers(files.socket));
  return handle(directory, daemon);
}

/** The machines that are played in a directory, by this process or another; undefined when none are. */
export function findTalosMachines(directory: string): TalosMachines | undefined {
  const daemon = readDaemon(talosFiles(directory).pid);
  return daemon === undefined ? undefined : handle(directory, daemon);
}

function handle(directory: string, daemon: Daemon): TalosMachines {
  const files = talosFiles(directory);
  const at = (address: string): string => `/machines/${encodeURIComponent(address)}`;
  return {
    directory,
    pid: daemon.pid,
    log: files.log,
    view: async () => view.parse(JSON.parse(await ask(files.socket, "GET", "/"))),
    add: async (machine) => {
      await ask(files.socket, "PUT", `${at(machine.address)}?listen=${encodeURIComponent(listenOf(machine))}`);
    },
    act: async (address, action) => {
      await ask(files.socket, "POST", `${at(address)}/${action}`);
    },
    slow: async (address, milliseconds) => {
      await ask(files.socket, "POST", `${at(address)}/slow?milliseconds=${milliseconds}`);
    },
    config: async (address) => {
      try {
        const text = await ask(files.socket, "GET", `${at(address)}/config`);
        return text === "" ? undefined : text;
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) return undefined;
        throw error;
      }
    },
    publish: async (cluster, kubernetes) => {
      const path = `/clusters/${encodeURIComponent(cluster)}?kubernetes=${encodeURIComponent(kubernetes)}`;
      await ask(files.socket, "PUT", path);
    },
    stop: async () => {
      await stopDaemon(daemon);
      rmSync(files.pid, { force: true });
    },
  };
}

function listenOf({ address, listen }: TalosMachine): string {
  return listen ?? `${address}:50000`;
}

async function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  try {
    await ask(socket, "GET", "/");
    return true;
  } catch {
    return false;
  }
}

/** An answer that is none. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function ask(socketPath: string, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, timeout: 5_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => {
        const { statusCode = 500 } = response;
        if (statusCode < 300) resolve(text);
        else reject(new Refusal(statusCode, `${method} ${path}: ${text.trim()}`));
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.on("error", reject);
    sent.end();
  });
}
