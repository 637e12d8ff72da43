import { sorted } from "./canonical";
import { faultKinds, operations, type Fault, type JsonValue, type WorldData, type WorldObject } from "./data";

/** The world as its file's text: the note first, everything below in order, so that a person finds things and a diff is small. */
export function print(data: WorldData): string {
  const { note, salt, faults, resources } = data;
  const table: JsonValue = resources;
  const script: JsonValue = faults.map((fault) => ({ ...fault }));
  return `${JSON.stringify({ note, salt, faults: script, resources: sorted(table) }, undefined, 2)}\n`;
}

/** The world in a text, or every problem of that text in words a person can act on. */
export function parse(text: string): { data: WorldData } | { problems: string[] } {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return { problems: [`it is not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  if (!isRecord(raw)) return { problems: ["it must be an object with note, salt, faults and resources"] };
  const problems: string[] = [];
  for (const key of Object.keys(raw).filter((name) => !["note", "salt", "faults", "resources"].includes(name)))
    problems.push(`${key}: unknown; allowed are note, salt, faults, resources`);
  const note = raw["note"] ?? "";
  const salt = raw["salt"];
  if (typeof note !== "string") problems.push("note: must be a text");
  if (typeof salt !== "string" || salt === "") problems.push("salt: must be a text that is not empty");
  const faults = parseFaults(raw["faults"] ?? [], problems);
  const resources = parseResources(raw["resources"] ?? {}, problems);
  if (problems.length > 0 || typeof note !== "string" || typeof salt !== "string") return { problems };
  return { data: { note, salt, faults, resources } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for what JSON.parse returned below an object; it cannot return anything else. */
function isWorldObject(value: unknown): value is WorldObject {
  return isRecord(value);
}

function parseResources(raw: unknown, problems: string[]): WorldData["resources"] {
  const resources: WorldData["resources"] = {};
  if (!isRecord(raw)) {
    problems.push("resources: must be an object of type token -> id -> properties");
    return resources;
  }
  for (const [type, objects] of Object.entries(raw)) {
    if (!isRecord(objects)) {
      problems.push(`resources["${type}"]: must be an object of id -> properties`);
      continue;
    }
    const table: Record<string, WorldObject> = {};
    for (const [id, object] of Object.entries(objects)) {
      if (isWorldObject(object)) table[id] = object;
      else problems.push(`resources["${type}"]["${id}"]: must be an object of properties`);
    }
    resources[type] = table;
  }
  return resources;
}

type Rule = { allowed: string; holds: (value: unknown) => boolean };
const text: Rule = { allowed: "a text", holds: (value) => typeof value === "string" };
const count = (least: number): Rule => ({
  allowed: `a whole number from ${least}`,
  holds: (value) => typeof value === "number" && Number.isInteger(value) && value >= least,
});
const oneOf = (names: readonly string[]): Rule => ({
  allowed: `one of ${names.join(", ")}`,
  holds: (value) => typeof value === "string" && names.includes(value),
});

const faultRules = new Map<string, Rule>([
  ["operation", oneOf([...operations, "*"])],
  ["type", text],
  ["name", text],
  ["at", count(1)],
  ["fault", oneOf(faultKinds)],
  ["seconds", { allowed: "a number from 0", holds: (value) => typeof value === "number" && value >= 0 }],
  ["message", text],
  ["seen", count(0)],
  ["done", { allowed: "true or false", holds: (value) => typeof value === "boolean" }],
]);

function parseFaults(raw: unknown, problems: string[]): Fault[] {
  if (!Array.isArray(raw)) {
    problems.push("faults: must be a list");
    return [];
  }
  const faults: Fault[] = [];
  raw.forEach((item: unknown, index) => {
    const found = faultProblems(item).map((problem) => `faults[${index}]${problem}`);
    if (found.length === 0 && isFault(item)) faults.push(item);
    problems.push(...found);
  });
  return faults;
}

function isFault(value: unknown): value is Fault {
  return faultProblems(value).length === 0;
}

function faultProblems(item: unknown): string[] {
  if (!isRecord(item)) return [": must be an object"];
  const problems: string[] = [];
  if (item["fault"] === undefined) problems.push(`.fault: missing; it must be one of ${faultKinds.join(", ")}`);
  for (const [key, value] of Object.entries(item)) {
    const rule = faultRules.get(key);
    if (rule === undefined) problems.push(`.${key}: unknown; allowed are ${[...faultRules.keys()].join(", ")}`);
    else if (!rule.holds(value)) problems.push(`.${key}: ${JSON.stringify(value)} must be ${rule.allowed}`);
  }
  return problems;
}
