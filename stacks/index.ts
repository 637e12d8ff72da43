import { dev } from "./dev";
import { dndnordic } from "./dndnordic";
import { prod } from "./prod";
import type { Estate } from "./estate";
import { loadEstate } from "./load";
import { oneOf, SpecError } from "./problems";

/** The spec of every stack, by the stack's name. */
export const specs: Readonly<Record<string, unknown>> = { dev, dndnordic, prod };

/**
 * The estate of a stack.
 *
 * @throws SpecError when there is no spec for the stack, or with everything that is wrong in it
 */
export function loadStack(stack: string): Estate {
  // Not specs[stack] alone: every object has a "constructor".
  const spec = Object.hasOwn(specs, stack) ? specs[stack] : undefined;
  if (spec === undefined) {
    throw new SpecError(`The stack name`, [
      {
        path: "stack",
        problem: `there is no spec for stack "${stack}"`,
        allowed: oneOf(Object.keys(specs)),
        remedy: `write stacks/${stack}.ts and list it in stacks/index.ts`,
      },
    ]);
  }
  return loadEstate(spec, `The spec of stack "${stack}"`);
}
