import type { core } from "zod";
import { allowedText, toProblems } from "./mistakes";
import type { Problem } from "./problems";
import { recorded, unread } from "./repairs";
import { estateSchema, type EstateShape } from "./schema";

/** What reading a spec's shape gave: every deviation, and a spec that is sound enough to be checked further. */
export interface Shaped {
  readonly problems: readonly Problem[];
  /** The spec with defaults, less its unsound parts; undefined when too little is left. */
  readonly shape: EstateShape | undefined;
  /** Paths of the parts that were left out or stand in for a mistaken one, for example machines.docker. */
  readonly leftOut: readonly string[];
}

/**
 * Reads an unknown value as a spec's shape. Mistaken parts are left out or replaced (stacks/repairs.ts) rather than ending
 * the reading, so that one error can list the mistakes of the shape together with those of its meaning.
 */
export function readShape(input: unknown): Shaped {
  const parsed = estateSchema.safeParse(input, { error: allowedText });
  if (parsed.success) return { problems: [], shape: parsed.data, leftOut: [] };
  const { issues } = parsed.error;
  const { rest, leftOut } = repair(input, issues);
  return {
    problems: issues.flatMap((issue) => toProblems(issue, input)),
    shape: estateSchema.safeParse(rest).data,
    leftOut,
  };
}

function repair(input: unknown, issues: readonly core.$ZodIssue[]): { rest: unknown; leftOut: string[] } {
  let rest = input;
  const leftOut: string[] = [];
  for (const issue of issues) {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) rest = replaceAt(rest, [...path, key], undefined);
      continue;
    }
    const part = repairable(path);
    if (part === undefined) continue;
    rest = replaceAt(rest, part.path, part.replacement);
    if (part.isRecorded) leftOut.push(part.path.join("."));
  }
  return { rest, leftOut };
}

interface Part {
  readonly path: readonly string[];
  readonly replacement: unknown;
  readonly isRecorded: boolean;
}

/** The smallest part around a mistake that can be left out or replaced. */
function repairable(path: readonly string[]): Part | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const part = path.slice(0, length);
    for (const table of [unread, recorded]) {
      const pattern = Object.keys(table).find((candidate) => matches(candidate.split("."), part));
      if (pattern !== undefined) return { path: part, replacement: table[pattern], isRecorded: table === recorded };
    }
  }
  return undefined;
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}

/** A copy with another value at a path; `undefined` leaves it out. The spec itself is never changed. */
function replaceAt(value: unknown, [key, ...further]: readonly string[], replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (typeof value !== "object" || value === null) return value;
  const changed = replaceAt(Reflect.get(value, key), further, replacement);
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === key ? changed : item));
  const others = Object.entries(value).filter(([name]) => name !== key || changed !== undefined);
  const entries = others.map(([name, item]: [string, unknown]) => [name, name === key ? changed : item]);
  return Object.fromEntries(Object.hasOwn(value, key) ? entries : [...entries, [key, changed]]);
}
