import type { core } from "zod";
import { oneOf, type Problem, quote } from "./problems";
import { estateSchema, type EstateShape } from "./schema";

/** What reading a spec's shape gave: every deviation, and the part of the spec that is sound enough to be checked further. */
export interface Shaped {
  readonly problems: readonly Problem[];
  /** The spec with defaults, less its unsound entries; undefined when too little is left. */
  readonly shape: EstateShape | undefined;
  /** Names of the entries that were left out, for example "docker" of machines.docker. */
  readonly leftOut: readonly string[];
}

/**
 * Reads an unknown value as a spec's shape. Entries with mistakes (a machine, an app) are left out of the shape rather than
 * ending the reading, so that one error can list the mistakes of the shape together with those of its meaning.
 */
export function readShape(input: unknown): Shaped {
  const parsed = estateSchema.safeParse(input);
  if (parsed.success) return { problems: [], shape: parsed.data, leftOut: [] };
  const { issues } = parsed.error;
  const { rest, leftOut } = withoutUnsound(input, issues);
  return {
    problems: issues.flatMap((issue) => toProblems(issue, input)),
    shape: estateSchema.safeParse(rest).data,
    leftOut,
  };
}

function withoutUnsound(input: unknown, issues: readonly core.$ZodIssue[]): { rest: unknown; leftOut: string[] } {
  const rest: unknown = structuredClone(input);
  const leftOut: string[] = [];
  for (const issue of issues) {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) removeAt(rest, [...path, key]);
    } else if (path.length >= 2) {
      removeAt(rest, path.slice(0, 2));
      leftOut.push(...path.slice(1, 2));
    }
  }
  return { rest, leftOut };
}

function removeAt(value: unknown, path: readonly string[]): void {
  const parent = valueAt(value, path.slice(0, -1));
  const key = path.at(-1);
  if (isRecord(parent) && key !== undefined) Reflect.deleteProperty(parent, key);
}

function toProblems(issue: core.$ZodIssue, input: unknown): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key].join("."),
      problem: "there is no such setting",
      allowed: "the settings that stacks/schema describes for this place",
      remedy: "correct its spelling, or remove it",
    }));
  }
  const value = valueAt(input, path);
  return [
    {
      path: path.length === 0 ? "(the spec)" : path.join("."),
      problem: value === undefined ? "is missing" : `${quote(value)} does not fit`,
      allowed: allowedBy(issue),
      remedy: value === undefined ? "add it" : "change it",
    },
  ];
}

function allowedBy(issue: core.$ZodIssue): string {
  if (issue.code === "invalid_value") return oneOf(issue.values.map(String));
  if (issue.code === "invalid_key")
    return "lower-case letters, digits and hyphens, starting with a letter (at most 50)";
  return issue.message.replace(/^Invalid input: /, "").replace(/^expected /, "");
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), input);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
