import {
  getObject,
  putObject,
  removeObject,
  withFaults,
  World,
  type Operation,
  type Stage,
  type WorldData,
} from "../world";
import type {
  Ask,
  CheckAsk,
  Checked,
  CreateAsk,
  Created,
  DeleteAsk,
  DiffAsk,
  Difference,
  Found,
  ReadAsk,
  UpdateAsk,
} from "./answers";
import { compare, unignored } from "./diff";
import { unknownText } from "./marshal";
import type { Model, PackageModels, Placed, Subject } from "./model";
import { parsePath } from "./path";
import { clearInterrupted, freshId, identity, keyOf, origin } from "./place";
import { nothingReal, type Reality } from "./reality";
import { driftedInputs, record, restoreMap, withSecrets } from "./record";
import { get, mergeMaps, removeAt, revealMap, same, setAt, Unknown, valueAt, type PropertyMap } from "./values";

/**
 * A provider whose resources are entries of the world file. It does what a provider does for the engine and leaves to the
 * models what is particular to a type. The same calls in the same world give the same answers, whatever the process.
 */
export class SimulatedProvider {
  private config: PropertyMap = {};
  /** Resources the engine has state of: their create is a replacement, not one that was interrupted. */
  private readonly known = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly models: PackageModels,
    private readonly stage?: Stage,
    private readonly reality: Reality = nothingReal,
  ) {}

  configure(config: PropertyMap): void {
    this.config = revealMap(config);
  }

  check(ask: CheckAsk): Promise<Checked> {
    if (Object.keys(ask.before).length > 0) this.known.add(ask.urn);
    return this.play("check", ask, () => {
      const model = this.model(ask.type);
      let inputs = ask.inputs;
      if (model.autoName !== undefined && get(inputs, model.autoName) === undefined)
        inputs = { ...inputs, [model.autoName]: get(ask.before, model.autoName) ?? `${ask.name}-${ask.seed}` };
      if (model.check !== undefined)
        inputs = model.check({ ...this.subject(ask, inputs), inputs, seed: ask.seed }, ask.before);
      return { inputs, failures: model.refuse?.(this.subject(ask, inputs)) ?? [] };
    });
  }

  diff(ask: DiffAsk): Promise<Difference> {
    this.known.add(ask.urn);
    return this.play("diff", ask, () => {
      const model = this.model(ask.type);
      const subject = this.subject(ask, ask.inputs);
      const replaceOn = typeof model.replaceOn === "function" ? model.replaceOn(subject) : model.replaceOn;
      const before = { ...defaultsLeft(model, ask.before, ask.state), ...ask.before };
      const after = { ...defaultsFor(model, ask.inputs, ask.state), ...ask.inputs };
      const given = new Set([...Object.keys(ask.before), ...Object.keys(ask.inputs)]);
      const changes = unignored(compare(before, after, replaceOn), ask.ignored).map((change) => ({
        ...change,
        input: given.has(String(change.path[0])),
      }));
      const asked = model.deleteBeforeReplace?.(subject, revealMap(ask.before)) ?? false;
      return { changes, deleteBeforeReplace: asked && changes.some((change) => change.replace) };
    });
  }

  create(ask: CreateAsk): Promise<Created> {
    const model = this.model(ask.type);
    const subject = this.subject(ask, ask.inputs);
    if (ask.preview)
      return Promise.resolve({
        id: "",
        state: previewed(model, ask.inputs, {}, [...(model.computed ?? []), ...(model.chosen ?? [])]),
      });
    return this.play("create", ask, async () => {
      const really = await this.reality("create", subject);
      return this.world.update((data) => {
        if (!this.known.has(ask.urn)) clearInterrupted(data, ask);
        const id = model.id?.(subject, data) ?? freshId(data, model, ask);
        const placed: Placed = { ...subject, id };
        const key = keyOf(model, placed);
        const taken = model.upsert !== true && getObject(data, ask.type, key) !== undefined;
        if (taken) throw new Error(model.taken?.(placed) ?? `${ask.type} "${id}" already exists`);
        return { id, state: this.place(data, model, placed, ask.inputs, really) };
      });
    });
  }

  read(ask: ReadAsk): Promise<Found> {
    if (Object.keys(ask.state).length > 0) this.known.add(ask.urn);
    return this.play("read", ask, () => {
      const model = this.model(ask.type);
      const data = this.world.read();
      const inputs = Object.keys(ask.inputs).length > 0 ? ask.inputs : ask.state;
      const placed: Placed = { ...this.subject(ask, inputs), salt: data.salt, id: ask.id };
      const object = getObject(data, ask.type, keyOf(model, placed));
      if (object === undefined) return undefined;
      // The model's secrets once more: somebody may have written one into the world in clear.
      const state = withSecrets(restoreMap(data.salt, object, ask.state), model.secret ?? []);
      return { id: ask.id, state, inputs: inputsNow(model, ask, state) };
    });
  }

  update(ask: UpdateAsk): Promise<PropertyMap> {
    this.known.add(ask.urn);
    const model = this.model(ask.type);
    if (ask.preview) return Promise.resolve(previewed(model, ask.inputs, ask.state, model.volatile ?? []));
    const placed: Placed = { ...this.subject(ask, ask.inputs), id: ask.id, before: revealMap(ask.state) };
    return this.play("update", ask, async () => {
      const really = await this.reality("update", placed);
      return this.world.update((data) => {
        const key = keyOf(model, placed);
        if (getObject(data, ask.type, key) === undefined)
          throw new Error(
            `${ask.type} "${ask.id}" does not exist any more; refresh the stack to have it created again`,
          );
        return this.place(data, model, placed, ask.inputs, really);
      });
    });
  }

  /** Deleting what is gone is done already. */
  delete(ask: DeleteAsk): Promise<void> {
    this.known.add(ask.urn);
    const placed: Placed = { ...this.subject(ask, ask.inputs), id: ask.id };
    return this.play("delete", ask, async () => {
      await this.reality("delete", placed);
      await this.world.update((data) => {
        const model = this.model(ask.type);
        removeObject(data, ask.type, keyOf(model, placed));
        model.settle?.(data, placed);
      });
    });
  }

  invoke(token: string, args: PropertyMap): Promise<PropertyMap> {
    return this.play("invoke", { type: token, name: token, urn: "" }, () => {
      const run = this.models.invokes.get(token);
      if (run === undefined)
        throw new Error(
          `The simulator has no answer for the function ${token}. Add it to the invokes of its package in lab/simulator/models.`,
        );
      const world = this.world.read();
      return run(args, { config: this.config, salt: world.salt, world });
    });
  }

  /** Writes the object into the world and gives the state that goes with it. */
  private place(data: WorldData, model: Model, placed: Placed, inputs: PropertyMap, really: PropertyMap): PropertyMap {
    const subject = { ...placed, salt: data.salt };
    model.verify?.(subject, data);
    const made = { ...mergeMaps(model.defaults ?? {}, model.state?.(subject) ?? {}), ...really };
    const state = withSecrets(mergeMaps(made, inputs), model.secret ?? []);
    const key = keyOf(model, subject);
    const notes = { [origin]: placed.urn, ...(key === placed.id ? {} : { [identity]: placed.id }) };
    putObject(data, placed.type, key, { ...notes, ...record(data.salt, state) });
    model.settle?.(data, subject);
    return state;
  }

  private subject(ask: Ask, inputs: PropertyMap): Subject {
    const { type, urn, name } = ask;
    return { type, urn, name, inputs: revealMap(inputs), config: this.config, seed: "", salt: this.world.read().salt };
  }

  private model(type: string): Model {
    return this.models.resource(type) ?? {};
  }

  private play<T>(operation: Operation, ask: Ask, work: () => T | Promise<T>): Promise<T> {
    return withFaults(this.world, { operation, type: ask.type, name: ask.name }, async () => work(), this.stage);
  }
}

/** What a preview says of the state: inputs and defaults as they are, the listed outputs not known yet. */
function previewed(model: Model, inputs: PropertyMap, state: PropertyMap, unknown: readonly string[]): PropertyMap {
  let made = model.defaults ?? {};
  for (const path of [...(model.computed ?? []), ...(model.chosen ?? [])])
    made = setAt(made, parsePath(path), valueAt(state, parsePath(path)));
  made = mergeMaps(made, inputs);
  for (const path of unknown.map(parsePath))
    if (valueAt(inputs, path) === undefined) made = setAt(made, path, new Unknown(unknownText));
  return withSecrets(made, model.secret ?? []);
}

/** Inputs that go with what there is now; on import those that a program would have to give. */
function inputsNow(model: Model, ask: ReadAsk, state: PropertyMap): PropertyMap {
  const byDefault = Object.entries(model.defaults ?? {}).filter(([key, value]) => same(get(state, key), value));
  const computed = new Set([...(model.computed ?? []), ...byDefault.map(([key]) => key)]);
  const inputs = driftedInputs(ask.inputs, ask.state, state, computed);
  if (Object.keys(ask.inputs).length > 0) return inputs;
  return (model.computed ?? []).reduce((left, path) => removeAt(left, parsePath(path)), inputs);
}

/** Defaults that have been changed behind the program's back: what the world has for a property nobody gives. */
function defaultsLeft(model: Model, before: PropertyMap, state: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.keys(model.defaults ?? {})
      .filter((key) => get(before, key) === undefined && get(state, key) !== undefined)
      .map((key) => [key, get(state, key) ?? null]),
  );
}

function defaultsFor(model: Model, inputs: PropertyMap, state: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(model.defaults ?? {}).filter(
      ([key, value]) => get(inputs, key) === undefined && get(state, key) !== undefined && !same(value, null),
    ),
  );
}
