/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** A thing of the world: the properties a provider's read would report of it, secrets as markers. */
export type WorldObject = Record<string, JsonValue>;

/** Kinds of call a fault can be scripted for. */
export const operations = ["configure", "check", "diff", "create", "read", "update", "delete", "invoke"] as const;
export type Operation = (typeof operations)[number];

/**
 * What a fault does to the call it strikes:
 * `fail` refuses it, `timeout` refuses it after a wait, `slow` only waits, `crash` ends the provider's process before any
 * work is done, `crash-after` ends it when the work is done but nobody has been told.
 */
export const faultKinds = ["fail", "timeout", "crash", "crash-after", "slow"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A scripted fault, as a person writes it into the world file. It strikes once. */
export interface Fault {
  /** @default "*", any operation */
  operation?: Operation | "*";
  /** Type token, `*` stands for any characters. @default "*" */
  type?: string;
  /** Name of the resource in the program, `*` stands for any characters. @default "*" */
  name?: string;
  /** Strikes at the n-th matching call. @default 1 */
  at?: number;
  fault: FaultKind;
  /** How long `slow` and `timeout` wait. @default 2 */
  seconds?: number;
  /** What `fail` and `timeout` say. @default a sentence that names fault, operation and resource */
  message?: string;
  /** Matching calls so far; written by the world. */
  seen?: number;
  /** Has struck; written by the world. */
  done?: boolean;
}

/** The whole simulated world of one stack. */
export interface WorldData {
  note: string;
  /** Keys every secret marker and every derived value of this world. */
  salt: string;
  faults: Fault[];
  /** By type token, then by physical id. */
  resources: Record<string, Record<string, WorldObject>>;
}

/** The objects of a type by id; empty when there are none. */
export function objectsOf(data: WorldData, type: string): Record<string, WorldObject> {
  return Object.hasOwn(data.resources, type) ? (data.resources[type] ?? {}) : {};
}

/** One object, or undefined when the world has none of this type and id. */
export function getObject(data: WorldData, type: string, id: string): WorldObject | undefined {
  const objects = objectsOf(data, type);
  return Object.hasOwn(objects, id) ? objects[id] : undefined;
}

/** Adds or replaces an object. */
export function putObject(data: WorldData, type: string, id: string, object: WorldObject): void {
  data.resources[type] = { ...objectsOf(data, type), [id]: object };
}

/** Takes an object out of the world, and its type's table with the last one. Nothing happens when there is none. */
export function removeObject(data: WorldData, type: string, id: string): void {
  const rest = Object.fromEntries(Object.entries(objectsOf(data, type)).filter(([key]) => key !== id));
  if (Object.keys(rest).length > 0) data.resources[type] = rest;
  else Reflect.deleteProperty(data.resources, type);
}
