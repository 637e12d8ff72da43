import type { JsonValue } from "./data";

/** The value with the keys of every object in order, so that equal worlds are equal files. */
export function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** The one text of a value: equal values, equal texts, whatever the order of their keys. */
export function canonical(value: JsonValue): string {
  return JSON.stringify(sorted(value));
}
