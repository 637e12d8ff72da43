import { join } from "node:path";
import { findTalosMachines, startTalosMachines, type TalosMachines } from "../control/talos";
import { readHostCredentials } from "../launch/credentials";
import { boot, Machines, powerOff, powerOn, remove } from "../machines";
import { type Proxmox, startProxmox, type VmEvent } from "../proxmox";
import { Clusters } from "./clusters";
import { hypervisorFiles, type HypervisorPlan } from "./plan";

/** How often it is looked at what the Talos machines have become. Milliseconds. */
const pulse = 500;

/**
 * The full lab's hosts. The API of Proxmox is emulated; what its VMs boot runs: a hub or client of the tailnet as its cloud-init says
 * (lab/machines), Talos as its own machinery plays it (tools/talos-machine), and for each cluster that was bootstrapped a
 * real Kubernetes control plane.
 */
export class Hypervisor {
  private readonly machines: Machines;
  private talos: TalosMachines | undefined;
  private proxmox: Proxmox | undefined;
  private clusters: Clusters | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** What the last look failed with. */
  private problem = "";

  constructor(
    private readonly directory: string,
    private readonly plan: HypervisorPlan,
    /** Told of what happens, a line each; never a secret. */
    private readonly say: (line: string) => void,
  ) {
    this.machines = new Machines(plan.machines);
  }

  async start(): Promise<void> {
    const files = hypervisorFiles(this.directory);
    this.talos = findTalosMachines(files.talos) ?? (await this.startTalos(files.talos));
    this.proxmox = await this.startProxmox(files);
    // A host that comes back starts its VMs.
    for (const vm of this.proxmox?.running() ?? []) await this.switchOn(vm);
    this.clusters = new Clusters({
      directory: files.kubernetes,
      tools: this.machines.tools,
      places: this.plan.places.kubernetes,
      talos: this.talos,
      running: () => this.proxmox?.running() ?? [],
      say: this.say,
    });
    await this.clusters.publish();
    this.beat();
  }

  /** Ends the API of the hosts. Their VMs go on running, as Talos and Kubernetes are processes of their own. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.proxmox?.close();
  }

  private startTalos(directory: string): Promise<TalosMachines> {
    const binary = join(this.machines.tools, "talos-machine");
    return startTalosMachines({ binary, directory, machines: [], detached: true });
  }

  private async startProxmox({ proxmox: directory, credentials: file }: ReturnType<typeof hypervisorFiles>) {
    const { cluster, places } = this.plan;
    if (cluster === undefined || places.proxmox === undefined) return undefined;
    const { apiToken, sshPublicKey } = readHostCredentials(file);
    const [id = "", secret = ""] = apiToken.split("=");
    return startProxmox({
      directory,
      cluster,
      authority: this.machines.authority,
      credentials: { tokens: { [id]: { secret } } },
      authorizedKey: sshPublicKey,
      port: Number(new URL(places.proxmox.endpoint).port),
      sshPorts: Object.fromEntries(Object.entries(places.proxmox.ssh).map(([node, { port }]) => [node, port])),
      say: this.say,
      onStart: (vm) => this.switchOn(vm),
      onStop: (vm) => this.switchOff(vm),
      onDestroy: (vm) => this.destroy(vm),
    });
  }

  /** A Talos machine's tailnet extension is a client that `up` starts in its name: it goes on and off with the VM. */
  private async switchOn(vm: VmEvent): Promise<void> {
    const listen = this.plan.places.talos[vm.name];
    if (listen !== undefined) await this.talos?.add({ address: vm.address, listen });
    const known = this.machines.find(vm.name);
    if (known !== undefined) await powerOn(this.machines, known);
    else if (vm.userData !== undefined) await boot(this.machines, { ...vm, userData: vm.userData });
  }

  private async switchOff({ name, address }: VmEvent): Promise<void> {
    if (await this.isTalos(address)) await this.talos?.act(address, "off");
    const known = this.machines.find(name);
    if (known !== undefined) await powerOff(this.machines, known);
  }

  private async destroy({ name, address }: VmEvent): Promise<void> {
    if (await this.isTalos(address)) await this.talos?.act(address, "destroy");
    await remove(this.machines, name);
  }

  /** By what runs: a machine that has left the spec has no place any more. */
  private async isTalos(address: string): Promise<boolean> {
    const { machines = [] } = (await this.talos?.view()) ?? {};
    return machines.some((machine) => machine.address === address);
  }

  private beat(): void {
    this.timer = setTimeout(() => {
      void this.look().finally(() => {
        this.beat();
      });
    }, pulse);
  }

  /** What goes wrong is said once, and tried again at the next beat. */
  private async look(): Promise<void> {
    const { talos } = hypervisorFiles(this.directory);
    try {
      if (findTalosMachines(talos) === undefined) await this.startTalos(talos);
      await this.clusters?.follow();
      this.problem = "";
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.problem) this.say(problem);
      this.problem = problem;
    }
  }
}
