/** A property value as the engine and a provider exchange it. */
export type Value = null | boolean | number | string | Value[] | Secret | Unknown | Special | PropertyMap;

export interface PropertyMap {
  [key: string]: Value;
}

/** A value that may not be shown. Secrets do not nest: the secret of a secret is the secret. */
export class Secret {
  readonly value: Exclude<Value, Secret>;

  constructor(value: Value) {
    this.value = value instanceof Secret ? value.value : value;
  }
}

/** A value that a preview does not know yet; keeps the engine's own sign for it, which says of which kind it will be. */
export class Unknown {
  constructor(readonly sentinel: string) {}
}

/** An asset, an archive or a reference to a resource: kept as the engine sent it, compared by what identifies it. */
export class Special {
  constructor(
    readonly kind: "asset" | "archive" | "resource",
    /** Hash of an asset or archive; URN of a resource. */
    readonly identity: string,
    readonly fields: PropertyMap,
  ) {}
}

export function isMap(value: Value | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret || value instanceof Unknown || value instanceof Special)
  );
}

/** The value without any secret mark in it, for a provider's own work; never to be shown. */
export function reveal(value: Value): Value {
  if (value instanceof Secret) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  return isMap(value) ? revealMap(value) : value;
}

export function revealMap(map: PropertyMap): PropertyMap {
  return mapValues(map, reveal);
}

/** Whether any part of the value is not known yet. */
export function hasUnknown(value: Value): boolean {
  if (value instanceof Unknown) return true;
  if (value instanceof Secret) return hasUnknown(value.value);
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isMap(value) && Object.values(value).some(hasUnknown);
}

/** Same content; whether a part is secret does not count, and an unknown is equal to nothing. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a instanceof Secret) return same(a.value, b);
  if (b instanceof Secret) return same(a, b.value);
  if (a instanceof Unknown || b instanceof Unknown) return false;
  if (a instanceof Special || b instanceof Special)
    return a instanceof Special && b instanceof Special && a.kind === b.kind && a.identity === b.identity;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (!isMap(a) || !isMap(b)) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(get(a, key), get(b, key)));
}

/** An own property; undefined for a missing one, also when it is called like a method of every object. */
export function get(map: PropertyMap, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

export function mapValues(map: PropertyMap, change: (value: Value, key: string) => Value): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));
}

/** `over` laid over `base`: maps are merged, everything else is taken from `over`. A secret map over a map stays secret. */
export function merge(base: Value | undefined, over: Value | undefined): Value {
  if (over === undefined) return base ?? null;
  if (over instanceof Secret && isMap(over.value) && isMap(base)) return new Secret(merge(base, over.value));
  if (base instanceof Secret && isMap(base.value) && isMap(over)) return new Secret(merge(base.value, over));
  if (!isMap(base) || !isMap(over)) return over;
  return mergeMaps(base, over);
}

export function mergeMaps(base: PropertyMap, over: PropertyMap): PropertyMap {
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((key) => [key, merge(get(base, key), get(over, key))]));
}

/** The value at a path, secrets opened on the way; undefined when there is none. */
export function valueAt(map: PropertyMap, path: readonly (string | number)[]): Value | undefined {
  let value: Value | undefined = map;
  for (const key of path) {
    if (value instanceof Secret) value = value.value;
    if (typeof key === "number") value = Array.isArray(value) ? value[key] : undefined;
    else value = isMap(value) ? get(value, key) : undefined;
  }
  return value instanceof Secret ? value.value : value;
}

export function at(map: PropertyMap, ...path: (string | number)[]): Value | undefined {
  return valueAt(map, path);
}

/** The text at a path, "" when there is none. */
export function textAt(map: PropertyMap, ...path: (string | number)[]): string {
  const value = valueAt(map, path);
  return typeof value === "string" ? value : "";
}

/** A copy of the map with a value at a path of names; undefined changes nothing, nor does a path through something else. */
export function setAt(map: PropertyMap, path: readonly (string | number)[], value: Value | undefined): PropertyMap {
  const [key, ...rest] = path;
  if (value === undefined || typeof key !== "string") return map;
  if (rest.length === 0) return { ...map, [key]: value };
  const inner = get(map, key) ?? {};
  return isMap(inner) ? { ...map, [key]: setAt(inner, rest, value) } : map;
}

/** A copy of the map without what is at a path of names. */
export function removeAt(map: PropertyMap, path: readonly (string | number)[]): PropertyMap {
  const [key, ...rest] = path;
  if (typeof key !== "string" || !Object.hasOwn(map, key)) return map;
  const inner = get(map, key);
  if (rest.length > 0) return isMap(inner) ? { ...map, [key]: removeAt(inner, rest) } : map;
  return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
}

/** The maps of a list, none when it is no list. */
export function mapsOf(value: Value | undefined): PropertyMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}
