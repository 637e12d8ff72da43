import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TalosMachines, TalosView } from "../control/talos";
import {
  findKubernetes,
  identityOf,
  type Kubernetes,
  type NodeFacts,
  nodeFactsOf,
  provideVolumes,
  registerNodes,
  registerStaticPods,
  startKubernetes,
} from "../kubernetes";
import type { VmEvent } from "../proxmox";

export interface ClustersRequest {
  /** Folder with one of each cluster. */
  readonly directory: string;
  /** Folder with the programs. */
  readonly tools: string;
  /** Where the API of each cluster answers, "https://127.0.0.1:PORT". */
  readonly places: Readonly<Record<string, string>>;
  readonly talos: TalosMachines;
  /** The VMs that run, with what they have. */
  readonly running: () => readonly VmEvent[];
  /** Told of what happens, a line each. */
  readonly say: (line: string) => void;
}

type Machine = TalosView["machines"][number];

/**
 * Follows the Talos machines: a cluster that was bootstrapped gets its real Kubernetes control plane, with the authorities of
 * its own configuration, and each of its machines is a node there, as its kubelet would have it.
 */
export class Clusters {
  private readonly started = new Map<string, Kubernetes>();
  private readonly registered = new Map<string, string>();
  /** What machines had when they last ran, by address. */
  private readonly hardware = new Map<string, VmEvent>();

  constructor(private readonly request: ClustersRequest) {}

  /** Tells the Talos machines which address their kubeconfigs lead to. */
  async publish(): Promise<void> {
    for (const [name, server] of Object.entries(this.request.places)) await this.request.talos.publish(name, server);
  }

  /** Looks once. What went wrong is tried again the next time. */
  async follow(): Promise<void> {
    const { talos, running, places } = this.request;
    for (const vm of running()) this.hardware.set(vm.address, vm);
    const view = await talos.view();
    for (const name of Object.keys(places)) {
      const machines = view.machines.filter(({ cluster }) => cluster === name);
      if (!machines.some(({ member }) => member)) {
        await this.forget(name);
        continue;
      }
      const kubernetes = await this.running(name, machines);
      await this.register(name, kubernetes, machines);
      await provideVolumes(kubernetes);
    }
  }

  /** A cluster that no machine is in any more is gone with all it held; one that is made anew has other authorities. */
  private async forget(name: string): Promise<void> {
    const directory = join(this.request.directory, name);
    if (!existsSync(directory)) return;
    this.request.say(`cluster ${name} has no member any more: its Kubernetes goes`);
    await findKubernetes(directory)?.stop();
    rmSync(directory, { recursive: true, force: true });
    this.started.delete(name);
    this.registered.delete(name);
  }

  private async running(name: string, machines: readonly Machine[]): Promise<Kubernetes> {
    const known = this.started.get(name);
    if (known?.components().every(({ pid }) => pid !== undefined) === true) return known;
    const kubernetes = await this.start(name, machines.find(({ member }) => member)?.address ?? "");
    this.started.set(name, kubernetes);
    this.registered.delete(name);
    return kubernetes;
  }

  private async start(name: string, controlPlane: string): Promise<Kubernetes> {
    const { directory, tools, places, talos, say } = this.request;
    const config = await talos.config(controlPlane);
    if (config === undefined) throw new Error(`${controlPlane} has no configuration any more`);
    return startKubernetes({
      directory: join(directory, name),
      tools: {
        etcd: join(tools, "etcd"),
        "kube-apiserver": join(tools, "kube-apiserver"),
        "kube-controller-manager": join(tools, "kube-controller-manager"),
        "kube-scheduler": join(tools, "kube-scheduler"),
        kwok: join(tools, "kwok"),
      },
      identity: identityOf(config),
      port: Number(new URL(places[name] ?? "").port),
      detached: true,
      say,
    });
  }

  private async register(name: string, kubernetes: Kubernetes, machines: readonly Machine[]): Promise<void> {
    const facts: NodeFacts[] = [];
    for (const machine of machines) facts.push(...(await this.factsOf(machine)));
    const pods = machines.flatMap(({ hostname = "", pods: own }) => own.map((pod) => ({ ...pod, node: hostname })));
    const now = JSON.stringify([facts, pods]);
    if (this.registered.get(name) === now) return;
    await registerNodes(kubernetes, facts);
    await registerStaticPods(kubernetes, pods);
    this.registered.set(name, now);
    const ready = facts.filter((node) => node.ready).length;
    this.request.say(`cluster ${name}: ${String(ready)} of ${String(facts.length)} nodes are ready`);
  }

  private async factsOf({ address, ready, cordoned, version }: Machine): Promise<NodeFacts[]> {
    const [config, vm] = [await this.request.talos.config(address), this.hardware.get(address)];
    if (config === undefined || vm === undefined) return [];
    const { cores, memory, passthrough } = vm;
    return [nodeFactsOf(config, { address, cores, memory, gpus: passthrough.length, talos: version, ready, cordoned })];
  }
}
