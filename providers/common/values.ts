import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Stands for a value that is not known yet: it appears in previews only. */
export const unknown = Symbol("unknown");

/** A property's value as the engine sends it, secrets taken out of their envelope. */
export type Value = null | boolean | number | string | typeof unknown | Value[] | { [key: string]: Value };

export type Properties = Record<string, Value>;
export type Known = Record<string, Json>;

/** What came over the wire: plain values, and the names of the properties that hold a secret anywhere inside. */
export interface Decoded {
  readonly values: Properties;
  readonly secrets: ReadonlySet<string>;
}

// Wire forms of the engine: sdk/nodejs/runtime/rpc.ts of @pulumi/pulumi 3.250.0.
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Reads a property bag. A property with a secret anywhere inside counts as secret as a whole. */
export function decode(struct: Struct | undefined): Decoded {
  const values: Properties = {};
  const secrets = new Set<string>();
  for (const [key, raw] of Object.entries(struct?.toJavaScript() ?? {})) {
    values[key] = open(raw, () => secrets.add(key));
  }
  return { values, secrets };
}

/** Writes a property bag; the properties named in `secrets` travel in the secret envelope. */
export function encode(values: Properties, secrets: ReadonlySet<string>): Struct {
  const wire: Known = {};
  for (const [key, value] of Object.entries(values)) {
    const plain = close(value);
    wire[key] = secrets.has(key) ? { [signature]: secretSignature, value: plain } : plain;
  }
  return Struct.fromJavaScript(wire);
}

/** Whether the value, or anything inside it, is not known yet. */
export function hasUnknown(value: Value): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** The value when all of it is known. */
export function isKnown(value: Value): value is Json {
  return !hasUnknown(value);
}

/** The properties whose values are known. */
export function known(values: Properties): Known {
  const result: Known = {};
  for (const [key, value] of Object.entries(values)) if (isKnown(value)) result[key] = value;
  return result;
}

/** A value that came from JSON, YAML or a schema, as JSON: what is undefined is left out. */
export function toJson(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object") return toKnown(value);
  throw new Error(`a ${typeof value} cannot be a property`);
}

/** As `toJson`, for an object. */
export function toKnown(value: object): Known {
  const result: Known = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) result[key] = toJson(item);
  return result;
}

function isObject(value: Value): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function open(raw: unknown, foundSecret: () => void): Value {
  if (raw === undefined || raw === null) return null;
  if (raw === unknownSentinel) return unknown;
  if (typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean") return raw;
  if (Array.isArray(raw)) return raw.map((item: unknown) => open(item, foundSecret));
  if (typeof raw !== "object") throw new Error(`a ${typeof raw} cannot be a property`);
  const fields = new Map<string, unknown>(Object.entries(raw));
  if (fields.get(signature) === secretSignature) {
    foundSecret();
    return open(fields.get("value"), foundSecret);
  }
  const result: Properties = {};
  for (const [key, item] of fields) result[key] = open(item, foundSecret);
  return result;
}

function close(value: Value): Json {
  if (value === unknown) return unknownSentinel;
  if (Array.isArray(value)) return value.map(close);
  if (!isObject(value)) return value;
  const result: Known = {};
  for (const [key, item] of Object.entries(value)) result[key] = close(item);
  return result;
}
