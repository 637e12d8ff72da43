import { clusterOf, type VmEvent } from "../../../lab/proxmox";
import { loadStack } from "../../../stacks";
import { type Declared, declaredBy, withIds } from "./declared";
import { Plugin, type Resource } from "./plugin";
import { startPluginAt } from "./pluginAt";
import { Place } from "./support";

/** What a stack declares at its Proxmox hosts, made through the real provider's plugin in an emulated cluster. */
export class Made {
  readonly place = new Place();
  /** Every start of a VM. */
  readonly started: VmEvent[] = [];
  private readonly plugin = new Plugin();
  private readonly resources = new Map<string, { declared: Declared; now: Resource }>();
  private readonly ids = new Map<string, string>();

  constructor(private readonly stack: string) {}

  async start(): Promise<void> {
    const cluster = clusterOf(loadStack(this.stack));
    await startPluginAt(this.place, this.plugin, { cluster, onStart: (vm) => void this.started.push(vm) });
  }

  async remove(): Promise<void> {
    this.plugin.stop();
    await this.place.remove();
  }

  async create(): Promise<void> {
    for (const declared of await declaredBy(this.stack)) {
      const now = await this.plugin.create(declared.type, withIds(declared.inputs, this.ids));
      this.ids.set(`${declared.name}-id`, now.id);
      this.resources.set(declared.name, { declared, now });
    }
  }

  /** What a second run would change, by resource; nothing of what is as declared. */
  changes(): Promise<Record<string, string[]>> {
    return this.compare((now) => Promise.resolve(now));
  }

  /** What a run after a refresh would change, likewise. */
  drift(): Promise<Record<string, string[]>> {
    return this.compare((now) => this.plugin.read(now));
  }

  /** Refreshes a resource, and updates it to what is declared. */
  async putRight(name: string): Promise<void> {
    const { declared, now } = this.resources.get(name) ?? missing(name);
    const found = (await this.plugin.read(now)) ?? missing(name);
    await this.plugin.update(found, withIds(declared.inputs, this.ids), declared.ignoreChanges);
  }

  private async compare(see: (now: Resource) => Promise<Resource | undefined>): Promise<Record<string, string[]>> {
    const all: Record<string, string[]> = {};
    for (const [name, { declared, now }] of this.resources) {
      const seen = await see(now);
      const changed = seen === undefined ? ["gone"] : await this.diff(seen, declared);
      if (changed.length > 0) all[name] = changed;
    }
    return all;
  }

  private async diff(now: Resource, { inputs, ignoreChanges }: Declared): Promise<string[]> {
    const { changed, replaces } = await this.plugin.diff(now, withIds(inputs, this.ids), ignoreChanges);
    return [...changed, ...replaces.map((path) => `${path} replaces`)];
  }
}

function missing(name: string): never {
  throw new Error(`${name} is not there`);
}
