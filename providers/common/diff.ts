import { isKnown, type Json, type Properties, type Value } from "./values";

/** The names of the inputs whose meaning differs. What is not known yet may differ, so it does. */
export function diffInputs(
  names: readonly string[],
  meanings: ReadonlyMap<string, (value: Json) => Json>,
  olds: Properties,
  news: Properties,
): string[] {
  const form = (name: string, value: Value | undefined): string | undefined => {
    if (value === undefined || value === null) return "null";
    if (!isKnown(value)) return undefined;
    return canonical((meanings.get(name) ?? ((same) => same))(value));
  };
  return names.filter((name) => {
    const after = form(name, news[name]);
    return after === undefined || after !== form(name, olds[name]);
  });
}

/** One text per meaning: the keys of every object in order. */
export function canonical(value: Json): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}
