import { type core, z } from "zod";
import { oneOf, type Problem, quote } from "./problems";

/** Zod's words for kinds of values, in a reader's. */
const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  record: "an object with one entry per name",
};

/**
 * What is allowed where a spec deviates, for mistakes whose schema has no text of its own: the settings of a place, the
 * kind or the bound of a value.
 */
export function allowedText(issue: core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.inst instanceof z.ZodObject ? settingsOf(issue.inst) : undefined;
    case "invalid_type":
      return issue.inst instanceof z.ZodObject ? `an object with ${settingsOf(issue.inst)}` : kinds[issue.expected];
    case "invalid_value":
      return oneOf(issue.values.map(String));
    case "invalid_key":
      return "a name of lower-case letters, digits and hyphens, starting with a letter (at most 50)";
    case "too_small":
      return issue.origin === "array" ? "a list that is not empty" : `at least ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    default:
      return undefined;
  }
}

function settingsOf(schema: z.ZodObject): string {
  return `the settings ${Object.keys(schema.shape).sort().join(", ")}`;
}

/** The problems that one deviation from the shape means to the person who wrote the spec. */
export function toProblems(issue: core.$ZodIssue, input: unknown): Problem[] {
  const path = issue.path.map(String);
  const allowed = issue.message.replace(/^expected /, "");
  const place = path.length === 0 ? "(the spec)" : path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key].join("."),
      problem: "there is no such setting",
      allowed,
      remedy: "correct its spelling, or remove it",
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ path: place, problem: `${quote(path.at(-1))} is no name`, allowed, remedy: "rename it" }];
  }
  const value = valueAt(input, path);
  if (value === undefined) return [{ path: place, problem: "is missing", allowed, remedy: "add it" }];
  return [{ path: place, problem: `${quote(value)} does not fit`, allowed, remedy: "correct it" }];
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}
