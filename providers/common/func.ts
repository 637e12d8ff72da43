import { z } from "zod";

import { checkInputs } from "./inputs";
import type { Failure } from "./kind";
import type { Values } from "./spec";
import { hasUnknown, known, toKnown, type Known, type Properties } from "./values";

/** A function of a provider: what a program may ask without making anything. Made by `defineFunction`. */
export interface Func<B> {
  readonly token: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The arguments with their defaults, or every reason why they cannot be used. */
  check(args: Properties): { inputs: Known; failures: readonly Failure[] };
  call(backend: B, inputs: Known): Promise<Known>;
}

/** How a function is written down. */
export interface FuncSpec<B, I extends z.ZodRawShape> {
  readonly token: string;
  readonly inputs: I;
  readonly outputs: readonly string[];
  call(backend: B, inputs: Values<I>): Promise<object>;
}

/** Makes a function from its description; its arguments are checked as the inputs of a resource are. */
export function defineFunction<B, I extends z.ZodRawShape>(spec: FuncSpec<B, I>): Func<B> {
  const schema = z.object(spec.inputs);
  return {
    token: spec.token,
    inputs: Object.keys(spec.inputs),
    outputs: spec.outputs,
    check: (args) => {
      const { inputs, failures } = checkInputs(spec.inputs, args);
      const pending = Object.keys(inputs).filter((name) => hasUnknown(inputs[name] ?? null));
      const open = pending.map((property) => ({ property, reason: "must be known when the function is called" }));
      return { inputs: known(inputs), failures: [...failures, ...open] };
    },
    call: async (backend, inputs) => toKnown(await spec.call(backend, schema.parse(inputs))),
  };
}
