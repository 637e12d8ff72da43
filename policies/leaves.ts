import { Secret } from "@pulumi/policy";
import { at, isRecord, Unknown } from "./reading";

/** Where a value stands inside a resource's properties. */
export type Path = readonly (string | number)[];

/** A text inside a resource's properties, or a value that preview does not know yet. */
export interface Leaf {
  readonly path: Path;
  readonly value: string | Unknown;
}

/** Every text inside a resource's properties; what preview does not know yet is listed as such and raises nothing. */
export function leavesOf(value: unknown, path: Path = []): Leaf[] {
  if (typeof value === "string" || value instanceof Unknown) return [{ path, value }];
  if (!isRecord(value)) return [];
  return keysOf(value).flatMap((key) => leavesOf(at(value, key), [...path, key]));
}

/**
 * The paths at which a resource's properties are marked secret.
 *
 * The SDK takes the marks off before it validates a resource, but leaves them, behind a proxy that answers with the bare
 * value, for remediations (@pulumi/policy 1.21, deserialize.ts and secret.ts). Property descriptors pass that proxy, so
 * the mark, the exported class `Secret`, can be seen there.
 */
export function secretPathsOf(value: unknown, path: Path = []): Path[] {
  if (value instanceof Secret) return [path];
  if (!isRecord(value)) return [];
  return keysOf(value).flatMap((key) =>
    secretPathsOf(Object.getOwnPropertyDescriptor(value, key)?.value, [...path, key]),
  );
}

/** A path as people write it: spec.containers[0].env[1].value */
export function showPath(path: Path): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}

function keysOf(value: Readonly<Record<string | number, unknown>>): (string | number)[] {
  return Array.isArray(value) ? Array.from({ length: value.length }, (_, index) => index) : Object.keys(value);
}
