import { mkdirSync, rmSync } from "node:fs";
import { type Daemon, readDaemon, startDaemon, stopDaemon, tail, waitFor, writeDaemon } from "../control/daemon";
import { withPidLock } from "../plain/pid-lock.cjs";
import { type Component, componentsOf } from "./components";
import { configureKubernetes } from "./configuration";
import type { ClusterIdentity } from "./identity";
import { type ComponentName, componentNames, KubernetesPlace, type Ports } from "./place";

/** The binaries of a control plane. */
export type KubernetesTools = Readonly<Record<ComponentName, string>>;

export interface KubernetesRequest {
  /** Where it keeps its data, keys, logs and pids; what is there already is used again. */
  readonly directory: string;
  readonly tools: KubernetesTools;
  readonly identity: ClusterIdentity;
  /** TCP port of loopback for its API. */
  readonly port: number;
  /** Whether it outlives this process. @default false */
  readonly detached?: boolean;
  /** Told what is started. @default nobody */
  readonly say?: (text: string) => void;
}

/** One of a cluster's programs. */
export interface ComponentState {
  readonly name: ComponentName;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** File with everything it printed. */
  readonly log: string;
}

/** A Kubernetes control plane on loopback. */
export interface Kubernetes {
  readonly directory: string;
  /** https://127.0.0.1:PORT */
  readonly server: string;
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** What runs of it at this moment. */
  components(): readonly ComponentState[];
  /** Ends it, and waits until it has ended. What it holds is there when it starts again. */
  stop(): Promise<void>;
}

/**
 * Starts the control plane of a cluster on loopback, with the cluster's own authorities: etcd, API server, controller
 * manager, scheduler, and kwok, which plays the kubelets. What runs already stays as it is, what was killed comes back,
 * and of two who start the same one waits for the other.
 *
 * @throws Error with the end of a program's log when it does not come up, also when another program has the API's port
 */
export async function startKubernetes(request: KubernetesRequest): Promise<Kubernetes> {
  const place = new KubernetesPlace(request.directory);
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  return withPidLock(place.lock, "starting Kubernetes", async () => {
    // Everything else knows that port.
    if (place.ports()?.api !== request.port) await stopAll(place);
    await new Start(place, request).run();
    return handle(place, request.port);
  });
}

/** The control plane of a directory, started by this process or another; undefined when nothing of it runs. */
export function findKubernetes(directory: string): Kubernetes | undefined {
  const place = new KubernetesPlace(directory);
  const ports = place.ports();
  if (ports === undefined || statesOf(place).every(({ pid }) => pid === undefined)) return undefined;
  return handle(place, ports.api);
}

function handle(place: KubernetesPlace, port: number): Kubernetes {
  return {
    directory: place.directory,
    server: `https://127.0.0.1:${port}`,
    kubeconfig: place.kubeconfig,
    components: () => statesOf(place),
    stop: () => withPidLock(place.lock, "stopping Kubernetes", () => stopAll(place)),
  };
}

function statesOf(place: KubernetesPlace): ComponentState[] {
  return componentNames.map((name) => ({ name, pid: readDaemon(place.pid(name))?.pid, log: place.log(name) }));
}

/** The last started first: none loses what it needs. */
async function stopAll(place: KubernetesPlace): Promise<void> {
  for (const name of [...componentNames].reverse()) {
    const daemon = readDaemon(place.pid(name));
    if (daemon !== undefined) await stopDaemon(daemon, 10_000);
    rmSync(place.pid(name), { force: true });
  }
}

const attempts = 3;

/** One start of a cluster, under its lock. */
class Start {
  constructor(
    private readonly place: KubernetesPlace,
    private readonly request: KubernetesRequest,
  ) {}

  async run(): Promise<void> {
    const components = await this.withEtcd();
    await this.bringUp(["kube-apiserver"], components);
    await this.bringUp(["kube-controller-manager", "kube-scheduler", "kwok"], components);
  }

  /** When another program takes one of etcd's ports in between, everything starts again with others. */
  private async withEtcd(): Promise<Readonly<Record<ComponentName, Component>>> {
    const { port } = this.request;
    for (let attempt = 1; ; attempt++) {
      const known = attempt === 1 ? this.place.ports() : undefined;
      const components = await this.configure(known?.api === port ? known : await this.place.choosePorts(port));
      try {
        await this.bringUp(["etcd"], components);
        return components;
      } catch (error) {
        await stopAll(this.place);
        const taken = tail(this.place.log("etcd")).includes("address already in use");
        if (!taken || attempt === attempts) throw error;
      }
    }
  }

  private async configure(ports: Ports): Promise<Readonly<Record<ComponentName, Component>>> {
    const { place, request } = this;
    const runs = statesOf(place).every(({ pid }) => pid !== undefined);
    if (!runs) await configureKubernetes(place, request.identity, ports);
    return componentsOf(place, request.identity, ports);
  }

  /** Starts those that do not run, then waits for all of them. */
  private async bringUp(
    names: readonly ComponentName[],
    components: Readonly<Record<ComponentName, Component>>,
  ): Promise<void> {
    const daemons = names.map((name) => [name, this.ensure(name, components[name])] as const);
    for (const [name, daemon] of daemons)
      await waitFor(`${name} must be ready`, daemon, this.place.log(name), components[name].ready, 60_000);
  }

  private ensure(name: ComponentName, { args, env = {} }: Component): Daemon {
    const { place, request } = this;
    const running = readDaemon(place.pid(name));
    if (running !== undefined) return running;
    request.say?.(`Starting ${name} of ${request.identity.name}`);
    const daemon = startDaemon({
      ...{ program: request.tools[name], args, env },
      ...{ directory: place.directory, log: place.log(name), detached: request.detached ?? false },
    });
    writeDaemon(place.pid(name), daemon);
    return daemon;
  }
}
