import { z } from "zod";

import { isSecretMarker } from "../../lab/world";

import { diffInputs } from "./diff";
import { checkInputs } from "./inputs";
import type { Kind } from "./kind";
import type { Partly, Spec, Values } from "./spec";
import { hasUnknown, known, toKnown, type Json, type Known, type Properties } from "./values";

/** Makes a type of resource from its description; every value that crosses this border is checked by its schema. */
export function defineKind<B, I extends z.ZodRawShape, C extends z.ZodRawShape>(spec: Spec<B, I, C>): Kind<B> {
  const schema = z.object(spec.inputs);
  const inputsOf = picker<I>(spec.inputs);
  const computedOf = picker<C>(spec.computed);
  const typed = (state: { inputs: Known; computed: Known }): Partly<I, C> => ({
    inputs: inputsOf(state.inputs),
    computed: computedOf(state.computed),
  });
  const names = Object.keys(spec.inputs);
  const computed = Object.keys(spec.computed);
  const meanings = new Map<string, (value: Json) => Json>(Object.entries(spec.meaning ?? {}).filter(isMeaning));
  const differing = (before: Properties, news: Properties): string[] => diffInputs(names, meanings, before, news);
  return {
    token: spec.token,
    inputs: names,
    computed,
    secrets: new Set<string>(spec.secrets ?? []),
    volatile: (before, news) => [
      ...(spec.volatile?.(new Set(differing(before.inputs, news))) ?? []),
      ...spoiled(computed, before.computed),
    ],
    check: async (news, olds, context) => {
      const { inputs, failures } = checkInputs(spec.inputs, news);
      if (failures.length > 0) return { inputs, failures };
      const before = inputsOf(known(olds));
      const settled = await spec.settle?.(inputsOf(known(inputs)), before, context);
      const complete = { ...inputs, ...toKnown(settled ?? {}) };
      const pending = new Set(Object.keys(complete).filter((name) => hasUnknown(complete[name] ?? null)));
      return { inputs: complete, failures: spec.problems?.(inputsOf(known(complete)), before, pending) ?? [] };
    },
    diff: (before, news) => {
      const changed = differing(before.inputs, news);
      const outputs = known(before.outputs);
      const broken = [...spoiled(computed, outputs), ...(spec.repair?.(computedOf(outputs)) ?? [])];
      return {
        changed: [...new Set([...changed, ...broken])].sort(),
        replaces: changed.filter((name) => spec.replaces?.includes(name)),
        deleteBeforeReplace: spec.deleteBeforeReplace ?? false,
      };
    },
    create: async (backend, inputs, who) => {
      const made = await spec.create(backend, schema.parse(inputs), who);
      return { id: made.id, computed: toKnown(made.computed) };
    },
    read: async (backend, id, before, who) => {
      const found = await spec.read(backend, id, before === undefined ? undefined : typed(before), who);
      if (found === undefined) return undefined;
      return { id: found.id ?? id, inputs: toKnown(found.inputs), computed: toKnown(found.computed) };
    },
    update: async (backend, id, inputs, before, who) => ({
      ...before.computed,
      ...toKnown(await spec.update(backend, id, schema.parse(inputs), typed(before), who)),
    }),
    delete: (backend, id, before, who) => spec.delete(backend, id, typed(before), who),
  };
}

/** Takes from a bag the properties of a shape that are as their schemas say; defaults are not made up. */
function picker<S extends z.ZodRawShape>(shape: S): (values: Known) => Partial<Values<S>> {
  const schemas = new Map<string, unknown>(Object.entries(shape));
  const partial = z.object(shape).partial();
  const isPart = (value: unknown): value is Partial<Values<S>> => partial.safeParse(value).success;
  return (values) => {
    const good = Object.entries(values).filter(([name, value]) => {
      const schema = schemas.get(name);
      return schema instanceof z.ZodType && schema.safeParse(value).success;
    });
    const part: unknown = Object.fromEntries(good);
    return isPart(part) ? part : {};
  };
}

/** Secrets that the simulated world has lost: what stands in their place is no secret, so they must be made again. */
function spoiled(computed: readonly string[], values: Known): string[] {
  return computed.filter((name) => isSecretMarker(values[name]));
}

function isMeaning(entry: [string, unknown]): entry is [string, (value: Json) => Json] {
  return typeof entry[1] === "function";
}
