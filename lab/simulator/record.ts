import { canonical, isSecretMarker, secretMarker, type JsonValue, type WorldObject } from "../world";
import { get, isMap, mapValues, Secret, Special, Unknown, type PropertyMap, type Value } from "./values";

/**
 * State as the world keeps it: every leaf below a secret as a marker, an asset as its hash, a resource reference as its URN.
 * The same state gives the same record.
 */
export function record(salt: string, state: PropertyMap): WorldObject {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, note(salt, value, false)]));
}

function note(salt: string, value: Value, secret: boolean): JsonValue {
  if (value instanceof Secret) return note(salt, value.value, true);
  if (value instanceof Unknown) throw new Error("A value that is not known yet cannot become part of the world.");
  if (value instanceof Special) return `${value.kind}:${value.identity}`;
  if (Array.isArray(value)) return value.map((item) => note(salt, item, secret));
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, note(salt, item, secret)]));
  return secret && value !== null ? secretMarker(salt, value) : value;
}

/**
 * The state that a record stands for, given the state as it was last known (undefined on import). What has not changed is
 * taken from there, with its secrets; a secret that has changed is given as its marker, itself secret.
 */
export function restore(salt: string, recorded: JsonValue, known: Value | undefined, secret = false): Value {
  if (known !== undefined && canonical(note(salt, known, secret)) === canonical(recorded)) return known;
  if (known instanceof Secret) return new Secret(restore(salt, recorded, known.value, true));
  if (Array.isArray(recorded)) {
    const items = Array.isArray(known) ? known : [];
    return recorded.map((item, index) => restore(salt, item, items[index], secret));
  }
  if (recorded !== null && typeof recorded === "object") {
    const map = isMap(known) ? known : {};
    return Object.fromEntries(
      Object.entries(recorded).map(([key, item]) => [key, restore(salt, item, get(map, key), secret)]),
    );
  }
  return isSecretMarker(recorded) && !secret ? new Secret(recorded) : recorded;
}

/** The whole state of an object; what the simulator itself noted in it (names with a leading `$`) is not reported. */
export function restoreMap(salt: string, recorded: WorldObject, known: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(recorded)
      .filter(([key]) => !key.startsWith("$"))
      .map(([key, item]) => [key, restore(salt, item, get(known, key))]),
  );
}

/**
 * The inputs that would have led to the state as it is now: the old ones where nothing has changed, the world's values
 * where something has. A property that appeared counts as an input unless the provider computes it (`computed`).
 */
export function driftedInputs(
  inputs: PropertyMap,
  known: PropertyMap,
  now: PropertyMap,
  computed: ReadonlySet<string>,
): PropertyMap {
  const result: PropertyMap = {};
  for (const [key, value] of Object.entries(now)) {
    const given = get(inputs, key);
    if (given !== undefined) result[key] = drifted(given, get(known, key), value);
    else if (!Object.hasOwn(known, key) && !computed.has(key)) result[key] = value;
  }
  // An input that the provider does not report (a password that cannot be read back) is what it was.
  for (const [key, value] of Object.entries(inputs)) if (!Object.hasOwn(known, key)) result[key] ??= value;
  return result;
}

function drifted(given: Value, known: Value | undefined, now: Value): Value {
  if (known === now) return given;
  if (given instanceof Secret) return new Secret(drifted(given.value, open(known), open(now) ?? null));
  const [before, after] = [open(known), open(now) ?? null];
  if (isMap(given) && isMap(after)) return driftedInputs(given, isMap(before) ? before : {}, after, new Set());
  if (Array.isArray(given) && Array.isArray(after)) {
    const items = Array.isArray(before) ? before : [];
    return after.map((item, index) => {
      const input = given[index];
      return input === undefined ? item : drifted(input, items[index], item);
    });
  }
  return now;
}

function open(value: Value | undefined): Value | undefined {
  return value instanceof Secret ? value.value : value;
}

/** The state with the named properties secret; null stays null. */
export function withSecrets(state: PropertyMap, names: readonly string[]): PropertyMap {
  const open = (value: Value) => value !== null && !(value instanceof Secret);
  return mapValues(state, (value, key) => (names.includes(key) && open(value) ? new Secret(value) : value));
}
