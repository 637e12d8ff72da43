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
  /** A file that is given out as kubeconfig. @default one that the cluster's authority signs, for an API server that nobody runs */
  readonly kubeconfig?: string;
  /** Whether it outlives this process. @default false */
  readonly detached?: boolean;
}

const view = z.object({
  machines: z.array(
    z.object({
      address: z.string(),
      listen: z.string(),
      phase: z.enum(["off", "booting", "maintenance", "running"]),
      type: z.string().optional(),
      version: z.string(),
      image: z.string().optional(),
      /** Whether etcd counts it. */
      member: z.boolean(),
      ready: z.boolean(),
    }),
  ),
  /** By cluster: how many members were not healthy at once at most, how often a majority was missing. */
  etcd: z.array(z.object({ revision: z.number(), mostAtOnce: z.number(), quorumLost: z.number() })),
  journal: z.array(z.object({ node: z.string(), what: z.string() })),
});
/** What the machines are, and what happened to them. */
export type TalosView = z.output<typeof view>;

/** What a hypervisor does to a machine, and what goes wrong with it: a sick one's etcd does not become healthy. */
export type TalosAction = "on" | "off" | "destroy" | "sick" | "well";

/** Machines on loopback that run Talos as far as talosctl can tell. */
export interface TalosMachines {
  readonly directory: string;
  readonly pid: number;
  readonly log: string;
  view(): Promise<TalosView>;
  /** Adds a machine and switches it on; one that is there is only switched on. */
  add(machine: TalosMachine): Promise<void>;
  act(address: string, action: TalosAction): Promise<void>;
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
 * Starts machines on loopback and waits until they are switched on; booting takes longer.
 *
 * @throws Error with the end of its log when it does not come up
 */
export async function startTalosMachines(wanted: TalosMachinesRequest): Promise<TalosMachines> {
  const { directory, binary, machines, boot = 1000, settle = 300, kubeconfig, detached = false } = wanted;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = talosFiles(directory);
  // One that a killed process left would be taken for the new one's.
  rmSync(files.socket, { force: true });
  const args = [
    ...["-directory", directory, "-boot", `${boot}ms`, "-settle", `${settle}ms`],
    ...(kubeconfig === undefined ? [] : ["-kubeconfig", kubeconfig]),
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

function ask(socketPath: string, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, timeout: 5_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => {
        if ((response.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${text.trim()}`));
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.on("error", reject);
    sent.end();
  });
}
