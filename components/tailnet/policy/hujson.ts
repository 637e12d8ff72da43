import { parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser";
import type { Json } from "./model";
import type { PolicyProblem } from "./problems";

/**
 * Reads HuJSON (JSON with comments and trailing commas: https://github.com/tailscale/hujson) and says what stands in it
 * twice, which JSON readers forgive and control servers do not.
 */
export function parseHuJson(text: string): { readonly value: Json; readonly problems: PolicyProblem[] } {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [first] = errors;
  if (first !== undefined || tree === undefined) return { value: null, problems: [notHuJson(text, first)] };
  const problems: PolicyProblem[] = [];
  return { value: toValue(tree, "", problems), problems };
}

/** acls[3].dst[0]; names that are no words stand in brackets: groups["group:dev"]. */
export function pathTo(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^\w+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

function notHuJson(text: string, error: ParseError | undefined): PolicyProblem {
  const line = text.slice(0, error?.offset ?? 0).split("\n").length;
  return {
    path: "",
    reason: `is no HuJSON from line ${line} on (${error === undefined ? "empty" : printParseErrorCode(error.error)})`,
    allowed: "one JSON object, with comments and trailing commas if you like",
    remedy: "correct the text there",
  };
}

function toValue(node: Node, path: string, problems: PolicyProblem[]): Json {
  const children = node.children ?? [];
  if (node.type === "array") return children.map((child, index) => toValue(child, pathTo(path, index), problems));
  if (node.type !== "object") return toScalar(node.value);
  const entries = children.flatMap(({ children: [key, value] = [] }): [string, Json][] => {
    if (key === undefined || value === undefined) return [];
    const name = String(key.value);
    return [[name, toValue(value, pathTo(path, name), problems)]];
  });
  problems.push(...repeated(entries, path));
  return Object.fromEntries(entries);
}

function toScalar(value: unknown): Json {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function repeated(entries: readonly [string, Json][], path: string): PolicyProblem[] {
  const names = entries.map(([name]) => name);
  return names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => ({
      path: pathTo(path, name),
      reason: "stands here more than once",
      allowed: "each name once",
      remedy: "join the two or remove one",
    }));
}
