import type { Context } from "./spec";
import type { Known, Properties } from "./values";

/** A property that was refused, with the reason in the user's words. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Which resource a call is about. */
export interface Who {
  readonly urn: string;
  /** Its name in the program. */
  readonly name: string;
  /** The properties that hold a secret: whatever is stored or said about the resource must leave their values out. */
  readonly secrets: ReadonlySet<string>;
}

/** A resource as a state or a server knows it: what was asked for, and what the provider found out. */
export interface State {
  readonly inputs: Known;
  readonly computed: Known;
}

/** What a change of the program means for a resource that exists. */
export interface Diff {
  /** The properties that differ, in the order of their names. */
  readonly changed: readonly string[];
  /** Those of them that cannot be changed in place. */
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
}

/** One type of resource: what the engine may ask of it, over a backend that does it. Made by `defineKind`. */
export interface Kind<B> {
  readonly token: string;
  readonly inputs: readonly string[];
  readonly computed: readonly string[];
  /** Inputs and computed properties that are always secret. */
  readonly secrets: ReadonlySet<string>;
  /** Computed properties that this update may change; a preview shows the others unchanged. */
  volatile(before: State, news: Properties): readonly string[];
  check(
    news: Properties,
    olds: Properties,
    context: Context<B>,
  ): Promise<{ inputs: Properties; failures: readonly Failure[] }>;
  diff(before: { inputs: Properties; outputs: Properties }, news: Properties): Diff;
  create(backend: B, inputs: Known, who: Who): Promise<{ id: string; computed: Known }>;
  /** The resource as it is now, or undefined when it is gone. Whoever cannot be asked is an error, never "gone". */
  read(backend: B, id: string, before: State | undefined, who: Who): Promise<(State & { id?: string }) | undefined>;
  update(backend: B, id: string, inputs: Known, before: State, who: Who): Promise<Known>;
  delete(backend: B, id: string, before: State, who: Who): Promise<void>;
}
