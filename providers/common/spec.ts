import type { z } from "zod";

import type { Failure, Who } from "./kind";
import type { Json } from "./values";

export type Values<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>;

/** A resource as a state has it: whatever is missing there, or is not as it should be, is absent. */
export interface Partly<I extends z.ZodRawShape, C extends z.ZodRawShape> {
  readonly inputs: Partial<Values<I>>;
  readonly computed: Partial<Values<C>>;
}

/** Where inputs are settled. The backend is absent while the provider's own configuration is not known yet. */
export interface Context<B> {
  readonly urn: string;
  readonly backend: B | undefined;
}

/** What a read found. Untyped, because the world may hold anything, and whatever it holds must be reported. */
export interface Found {
  /** When an import was asked for by another name of the resource. */
  readonly id?: string;
  readonly inputs: object;
  readonly computed: object;
}

/** How a type of resource is written down; `defineKind` makes of it what the engine asks for. */
export interface Spec<B, I extends z.ZodRawShape, C extends z.ZodRawShape> {
  readonly token: string;
  readonly inputs: I;
  readonly computed: C;
  /** Properties that are secret whatever the program says of them. */
  readonly secrets?: readonly (keyof (I & C) & string)[];
  /** Inputs that cannot be changed in place. */
  readonly replaces?: readonly (keyof I & string)[];
  /** For what cannot exist twice under one name. @default false */
  readonly deleteBeforeReplace?: boolean;
  /** What an input means: two values of one meaning are no change. @default the value itself */
  readonly meaning?: { readonly [K in keyof I]?: (value: Json) => Json };
  /** Computed properties that an update of these inputs may change. @default none */
  volatile?(changed: ReadonlySet<string>): readonly (keyof C & string)[];
  /**
   * Inputs as they are kept: sorted, completed from what was kept before. Returns those that differ. What must be made anew
   * because of its age gets another input here and nowhere else: a refresh asks `diff` but not this, so age is no drift.
   */
  settle?(
    news: Partial<Values<I>>,
    olds: Partial<Values<I>>,
    context: Context<B>,
  ): Promise<Partial<Values<I>>> | Partial<Values<I>>;
  /** Mistakes that no single input shows. Inputs not known yet are absent, and named in `pending`. */
  problems?(news: Partial<Values<I>>, olds: Partial<Values<I>>, pending: ReadonlySet<string>): readonly Failure[];
  /** Names the computed properties that show that the resource is no longer what was made. */
  repair?(computed: Partial<Values<C>>): readonly (keyof C & string)[];
  create(backend: B, inputs: Values<I>, who: Who): Promise<{ id: string; computed: Values<C> }>;
  /** Undefined says that it is gone. Whoever cannot be asked is an error, never "gone". */
  read(backend: B, id: string, before: Partly<I, C> | undefined, who: Who): Promise<Found | undefined>;
  /** Returns the computed properties that changed. */
  update(backend: B, id: string, inputs: Values<I>, before: Partly<I, C>, who: Who): Promise<Partial<Values<C>>>;
  delete(backend: B, id: string, before: Partly<I, C>, who: Who): Promise<void>;
}
