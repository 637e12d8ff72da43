import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { World, type JsonValue } from "../../lab/world";
import type { Diff, Failure } from "../../providers/common/kind";
import { Lifecycle } from "../../providers/common/lifecycle";
import type { Plugin } from "../../providers/common/plugin";
import { toKnown, type Decoded, type Known, type Properties } from "../../providers/common/values";

/** A resource as the engine's state has it. */
export interface Resource {
  readonly id: string;
  readonly inputs: Known;
  readonly outputs: Known;
  readonly secrets: ReadonlySet<string>;
}

/** What the engine does with a provider, reduced to one resource at a time and to plain values. */
export class Engine<B> {
  private readonly life: Lifecycle<B>;

  constructor(plugin: Plugin<B>, config: Known) {
    this.life = new Lifecycle(plugin);
    this.life.configure(config);
  }

  /** The inputs after a check, or what is wrong with them as "property: reason". */
  async check(type: string, news: Properties, olds: Properties = {}, name = "x"): Promise<Properties | string[]> {
    const { values, failures } = await this.life.check(subject(type, name), olds, plain(news));
    return failures.length === 0 ? values : failures.map(({ property, reason }: Failure) => `${property}: ${reason}`);
  }

  async create(type: string, news: Properties, { name = "x", secrets = new Set<string>() } = {}): Promise<Resource> {
    const checked = await this.life.check(subject(type, name), {}, { values: news, secrets });
    if (checked.failures.length > 0) throw new Error(JSON.stringify(checked.failures));
    const made = await this.life.create(subject(type, name), checked, false);
    return { id: made.id, inputs: toKnown(checked.values), outputs: toKnown(made.values), secrets: made.secrets };
  }

  async diff(type: string, old: Resource, news: Properties, name = "x"): Promise<Diff> {
    const checked = await this.life.check(subject(type, name), old.inputs, plain(news));
    if (checked.failures.length > 0) throw new Error(JSON.stringify(checked.failures));
    return this.life.diff(subject(type, name), { inputs: old.inputs, outputs: old.outputs }, checked.values);
  }

  async update(type: string, old: Resource, news: Properties, name = "x"): Promise<Resource> {
    const checked = await this.life.check(subject(type, name), old.inputs, plain(news));
    const made = await this.life.update(subject(type, name), old.id, bag(old), checked, false);
    return { id: old.id, inputs: toKnown(checked.values), outputs: toKnown(made.values), secrets: made.secrets };
  }

  /** As a refresh does; undefined when the resource is gone. */
  async read(type: string, old: Resource, name = "x"): Promise<Resource | undefined> {
    const found = await this.life.read(subject(type, name), old.id, bag(old), plain(old.inputs));
    return found.id === "" ? undefined : { ...found, outputs: toKnown(found.values) };
  }

  async import(type: string, id: string): Promise<Resource | undefined> {
    const found = await this.life.read(subject(type, "x"), id, plain({}), plain({}));
    return found.id === "" ? undefined : { ...found, outputs: toKnown(found.values) };
  }

  delete(type: string, old: Resource, name = "x"): Promise<void> {
    return this.life.delete(subject(type, name), old.id, bag(old));
  }

  /** What a function answers, or what is wrong with its arguments as "property: reason". */
  async invoke(token: string, args: Properties): Promise<Known | string[]> {
    const { values, failures } = await this.life.invoke(token, plain(args));
    return failures.length === 0 ? values : failures.map(({ property, reason }: Failure) => `${property}: ${reason}`);
  }

  /** The names of the properties a refresh would show as changed. */
  async drift(type: string, old: Resource, name = "x"): Promise<string[] | "gone"> {
    const now = await this.read(type, old, name);
    if (now === undefined) return "gone";
    const keys = [...new Set([...Object.keys(old.outputs), ...Object.keys(now.outputs)])].sort();
    return keys.filter((key) => JSON.stringify(old.outputs[key]) !== JSON.stringify(now.outputs[key]));
  }
}

export function subject(type: string, name: string): { urn: string; type: string; name: string } {
  return { urn: `urn:pulumi:test::estate::${type}::${name}`, type, name };
}

export function plain(values: Properties): Decoded {
  return { values, secrets: new Set() };
}

function bag({ outputs, secrets }: Resource): Decoded {
  return { values: outputs, secrets };
}

/** A folder for the tests of a file; removed at their end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "estate-providers-test-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Changes an object of the world as a person with an editor would. */
export async function edit(
  world: World,
  type: string,
  id: string,
  change: Record<string, JsonValue> | "remove",
): Promise<void> {
  await world.update((data) => {
    const objects = data.resources[type] ?? {};
    if (change === "remove") Reflect.deleteProperty(objects, id);
    else objects[id] = { ...objects[id], ...change };
    data.resources[type] = objects;
  });
}

/** The message of the error that `work` must end with. */
export async function messageOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "no error";
}

/** An output that must be a text. */
export function text(resource: Resource, name: string): string {
  const value = resource.outputs[name];
  if (typeof value !== "string") throw new Error(`${name} is no text`);
  return value;
}
