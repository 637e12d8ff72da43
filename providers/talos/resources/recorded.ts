import type { Known } from "../../common/values";

/** A bag of properties as the two halves of a resource; anything else in it is nobody's. */
export function halves(values: Known, inputs: object, computed: object): { inputs: Known; computed: Known } {
  const part = (names: object): Known =>
    Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(names, name)));
  return { inputs: part(inputs), computed: part(computed) };
}
