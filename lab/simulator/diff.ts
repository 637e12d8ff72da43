import { parsePath, printPath, touches, within, type Path } from "./path";
import { get, isMap, same, Secret, Unknown, type PropertyMap, type Value } from "./values";

export type Kind = "add" | "delete" | "update";

/** One property that differs. */
export interface Change {
  path: Path;
  kind: Kind;
  /** It cannot be changed in place. */
  replace: boolean;
  /** Between inputs; otherwise in a property that the provider set by itself. */
  input: boolean;
}

/** What differs between two maps of inputs, deepest first known place; secrets are compared by what they hold. */
export function compare(before: PropertyMap, after: PropertyMap, replaceOn: readonly string[] = []): Change[] {
  const patterns = replaceOn.map(parsePath);
  return compareMaps([], before, after).map((change) => ({
    ...change,
    input: true,
    replace: patterns.some((pattern) => touches(change.path, pattern)),
  }));
}

/** The changes that `ignoreChanges` leaves. */
export function unignored(changes: Change[], ignored: readonly string[]): Change[] {
  const patterns = ignored.map(parsePath);
  return changes.filter((change) => !patterns.some((pattern) => within(change.path, pattern)));
}

/** The first part of every change's path, each once. */
export function roots(changes: Change[]): string[] {
  return [...new Set(changes.map((change) => printPath(change.path.slice(0, 1))))];
}

type Found = Omit<Change, "replace" | "input">;

function compareMaps(path: Path, before: PropertyMap, after: PropertyMap): Found[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => compareValues([...path, key], get(before, key), get(after, key)));
}

function compareValues(path: Path, before: Value | undefined, after: Value | undefined): Found[] {
  const [old, now] = [open(before), open(after)];
  if (same(old, now)) return [];
  if (old === undefined) return [{ path, kind: "add" }];
  if (now === undefined) return [{ path, kind: "delete" }];
  if (now instanceof Unknown) return [{ path, kind: "update" }];
  if (isMap(old) && isMap(now)) return compareMaps(path, old, now);
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }).flatMap((_, index) => compareValues([...path, index], old[index], now[index]));
  }
  return [{ path, kind: "update" }];
}

/** A null is a property that is not there, as for the providers themselves. */
function open(value: Value | undefined): Value | undefined {
  if (value instanceof Secret) return open(value.value);
  return value ?? undefined;
}
