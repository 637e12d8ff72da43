import { z } from "zod";

import type { Failure } from "./kind";
import { isKnown, toKnown, type Known, type Properties } from "./values";

/**
 * Checks every input that is known against its schema, and completes defaults. Inputs that are not known yet pass as they
 * are: they are checked again when they are.
 */
export function checkInputs(
  shape: z.ZodRawShape,
  news: Properties,
): { inputs: Properties; failures: readonly Failure[] } {
  const values: Known = {};
  const pending: Properties = {};
  for (const [key, value] of Object.entries(news)) {
    // An optional input the program left open arrives as null.
    if (value === null) continue;
    if (isKnown(value)) values[key] = value;
    else pending[key] = value;
  }
  const present = Object.fromEntries(Object.entries(shape).filter(([key]) => !Object.hasOwn(pending, key)));
  const result = z.strictObject(present).safeParse(values);
  if (result.success) return { inputs: { ...pending, ...toKnown(result.data) }, failures: [] };
  const failures = result.error.issues.flatMap((issue) => explain(issue, Object.keys(shape), values));
  return { inputs: news, failures };
}

function explain(issue: z.core.$ZodIssue, allowed: readonly string[], values: Known): Failure[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ property: key, reason: `unknown property; allowed are ${allowed.join(", ")}` }));
  const [property, ...inner] = issue.path.map(String);
  const missing = property !== undefined && inner.length === 0 && !Object.hasOwn(values, property);
  const where = inner.length === 0 ? "" : `${inner.join(".")}: `;
  return [{ property: property ?? "", reason: missing ? "missing; it is required" : `${where}${issue.message}` }];
}
