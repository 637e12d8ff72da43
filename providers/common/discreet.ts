import type { Failure } from "./kind";
import { redact } from "./redact";
import type { Decoded, Value } from "./values";

/**
 * Failures as they may be said aloud. The engine (3.250.0) prints the value of the property a failure names, a secret's too, so
 * a failure of a secret names its property in the reason only, and without the value.
 */
export function discreet(failures: readonly Failure[], { values, secrets }: Decoded): readonly Failure[] {
  return failures.map(({ property, reason }) => {
    if (!secrets.has(property)) return { property, reason };
    return { property: "", reason: `${property}: ${redact(reason, texts(values[property] ?? null))}` };
  });
}

/** Every text inside a value, the longest first, so that none hides in what is left of another. */
function texts(value: Value): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value)
    .flatMap(texts)
    .sort((one, other) => other.length - one.length);
}
