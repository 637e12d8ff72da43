import { discreet } from "./discreet";
import type { Diff, Failure, Kind, State, Who } from "./kind";
import type { Call, Connection, Plugin } from "./plugin";
import { isKnown, known, unknown, type Decoded, type Known, type Properties } from "./values";

/** Who a request of the engine is about. */
export interface Subject {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
}

/**
 * The life of resources under one plugin, in plain values: what the wire sends comes in decoded, what it gets back is
 * values and the names of those that are secret. A property that was secret once stays secret.
 */
export class Lifecycle<B> {
  private readonly kinds: ReadonlyMap<string, Kind<B>>;
  private connection: Connection<B> | undefined;

  constructor(private readonly plugin: Plugin<B>) {
    this.kinds = new Map(plugin.kinds.map((kind) => [kind.token, kind]));
  }

  configure(config: Known): void {
    this.connection = this.plugin.connect(config);
  }

  async check(subject: Subject, olds: Properties, news: Decoded): Promise<Decoded & { failures: readonly Failure[] }> {
    const kind = this.kind(subject);
    const { inputs, failures } = await kind.check(news.values, olds, {
      urn: subject.urn,
      backend: this.connection?.backend,
    });
    const secrets = this.secrets(kind, news);
    return { values: inputs, secrets, failures: discreet(failures, { values: news.values, secrets }) };
  }

  diff(subject: Subject, before: { inputs: Properties; outputs: Properties }, news: Properties): Diff {
    return this.kind(subject).diff(before, news);
  }

  async create(subject: Subject, inputs: Decoded, preview: boolean): Promise<Decoded & { id: string }> {
    const kind = this.kind(subject);
    const secrets = this.secrets(kind, inputs);
    if (preview) return { id: "", values: { ...inputs.values, ...later(kind.computed) }, secrets };
    const asked = allKnown(inputs.values);
    const made = await this.reach("create", subject, (backend) =>
      kind.create(backend, asked, this.who(subject, secrets)),
    );
    return { id: made.id, values: { ...asked, ...made.computed }, secrets };
  }

  /** An empty id says the resource is gone. */
  async read(
    subject: Subject,
    id: string,
    outputs: Decoded,
    inputs: Decoded,
  ): Promise<Decoded & { id: string; inputs: Known }> {
    const kind = this.kind(subject);
    const secrets = this.secrets(kind, outputs, inputs);
    const before = Object.keys(outputs.values).length === 0 ? undefined : this.state(kind, outputs.values);
    const found = await this.reach("read", subject, (backend) =>
      kind.read(backend, id, before, this.who(subject, secrets)),
    );
    if (found === undefined) return { id: "", values: {}, secrets, inputs: {} };
    return { id: found.id ?? id, values: { ...found.inputs, ...found.computed }, secrets, inputs: found.inputs };
  }

  async update(subject: Subject, id: string, olds: Decoded, news: Decoded, preview: boolean): Promise<Decoded> {
    const kind = this.kind(subject);
    const secrets = this.secrets(kind, olds, news);
    const before = this.state(kind, olds.values);
    if (preview)
      return { values: { ...before.computed, ...news.values, ...later(kind.volatile(before, news.values)) }, secrets };
    const asked = allKnown(news.values);
    const who = this.who(subject, secrets);
    const computed = await this.reach("update", subject, (backend) => kind.update(backend, id, asked, before, who));
    return { values: { ...asked, ...computed }, secrets };
  }

  async delete(subject: Subject, id: string, outputs: Decoded): Promise<void> {
    const kind = this.kind(subject);
    const who = this.who(subject, this.secrets(kind, outputs));
    await this.reach("delete", subject, (backend) => kind.delete(backend, id, this.state(kind, outputs.values), who));
  }

  /** Answers a function of the provider. What its arguments cannot be is said without asking anybody. */
  async invoke(token: string, args: Decoded): Promise<{ values: Known; failures: readonly Failure[] }> {
    const functions = this.plugin.functions ?? [];
    const found = functions.find((candidate) => candidate.token === token);
    if (found === undefined) {
      const names = functions.map((candidate) => candidate.token).join(", ");
      throw new Error(`${token} is no function of this provider; it has ${names === "" ? "none" : names}`);
    }
    const { inputs, failures } = found.check(args.values);
    if (failures.length > 0) return { values: {}, failures: discreet(failures, args) };
    const subject = { type: token, name: token };
    return { values: await this.reach("invoke", subject, (backend) => found.call(backend, inputs)), failures: [] };
  }

  /** The properties of the kind that are secret, whether it or the program says so. */
  private secrets(kind: Kind<B>, ...bags: readonly Decoded[]): ReadonlySet<string> {
    return new Set([...kind.secrets, ...bags.flatMap((bag) => [...bag.secrets])]);
  }

  private kind(subject: Subject): Kind<B> {
    const kind = this.kinds.get(subject.type);
    if (kind !== undefined) return kind;
    throw new Error(`${subject.type} is no resource of this provider; it has ${[...this.kinds.keys()].join(", ")}`);
  }

  private state(kind: Kind<B>, outputs: Properties): State {
    const values = known(outputs);
    const part = (names: readonly string[]): Known =>
      Object.fromEntries(names.flatMap((name) => (Object.hasOwn(values, name) ? [[name, values[name] ?? null]] : [])));
    return { inputs: part(kind.inputs), computed: part(kind.computed) };
  }

  private who(subject: Subject, secrets: ReadonlySet<string>): Who {
    return { urn: subject.urn, name: subject.name, secrets };
  }

  private reach<T>(
    operation: Call["operation"],
    { type, name }: Pick<Subject, "type" | "name">,
    work: (backend: B) => Promise<T>,
  ): Promise<T> {
    const { connection } = this;
    if (connection === undefined) throw new Error(`the ${this.plugin.name} provider has no configuration yet`);
    return connection.around({ operation, type, name }, () => work(connection.backend));
  }
}

function later(names: readonly string[]): Properties {
  return Object.fromEntries(names.map((name) => [name, unknown]));
}

function allKnown(values: Properties): Known {
  const missing = Object.entries(values).flatMap(([name, value]) => (isKnown(value) ? [] : [name]));
  if (missing.length > 0) throw new Error(`${missing.join(", ")} must be known by now`);
  return known(values);
}
