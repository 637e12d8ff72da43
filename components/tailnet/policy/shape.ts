import type { z } from "zod";
import { pathTo } from "./hujson";
import type { Json, Server } from "./model";
import type { PolicyProblem } from "./problems";
import { knownFields } from "./schema";

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  record: "a table",
  object: "a table",
  string: "a word in quotes",
  number: "a number",
  boolean: "true or false",
};

/** What zod found, in the words of whoever wrote the policy. */
export function shapeProblems(issue: z.core.$ZodIssue, root: Json, server: Server): PolicyProblem[] {
  const keys = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
  const path = keys.reduce<string>(pathTo, "");
  const value = valueAt(root, keys);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownField(path, key, keys, server));
  const allowed = allowedBy(issue);
  const remedy = value === undefined ? "write it" : value === null ? "write it or leave the field out" : "correct it";
  const reason = value === undefined ? "is missing" : "is not allowed here";
  return [{ path, ...(value === undefined ? {} : { value }), reason, allowed, remedy }];
}

function unknownField(path: string, key: string, keys: readonly (string | number)[], server: Server): PolicyProblem {
  const { top, sections } = knownFields[server];
  const [section] = keys;
  const known = section === undefined ? top : Object.hasOwn(sections, section) ? sections[section] : undefined;
  return {
    path: pathTo(path, key),
    reason: `is no field that ${server === "headscale" ? "Headscale" : "Tailscale"} knows`,
    allowed: (known ?? []).join(", "),
    remedy: "correct the name or remove it",
  };
}

function allowedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  if (issue.code === "invalid_type") return KINDS[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_union") return "a word in quotes or a number";
  return issue.message;
}

function valueAt(root: Json, keys: readonly (string | number)[]): Json | undefined {
  return keys.reduce<Json | undefined>((value, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return Object.entries(value).find(([name]) => name === String(key))?.[1];
  }, root);
}
