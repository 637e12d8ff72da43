import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import { get, Secret, Special, Unknown, type PropertyMap, type Value } from "./values";

// The signs below are part of Pulumi's wire format: sdk/nodejs/runtime/rpc.ts and pkg/resource/plugin/rpc.go, v3.250.0.

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const specials = new Map<Value | undefined, { kind: Special["kind"]; identity: string }>([
  ["c44067f5952c0a294b673a41bacd8c17", { kind: "asset", identity: "hash" }],
  ["0def7320c3a5731c473e5ecbe6d01bc7", { kind: "archive", identity: "hash" }],
  ["5cf8f73096256a8f31e491e813e4eb8e", { kind: "resource", identity: "urn" }],
]);

/** The sign of an unknown text; what a provider answers for every output it does not know yet. */
export const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const sentinels = new Set([
  unknownText,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // list
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** Properties as they came over the wire; none for no message. */
export function fromStruct(message: Struct | undefined): PropertyMap {
  return message === undefined ? {} : decodeMap(message.toJavaScript());
}

/** Properties as they go over the wire. */
export function toStruct(map: PropertyMap): Struct {
  return Struct.fromJavaScript(encodeMap(map));
}

function decodeMap(wire: object): PropertyMap {
  return Object.fromEntries(Object.entries(wire).map(([key, value]) => [key, decode(value)]));
}

/** `wire` is what JSON can hold; anything else cannot come out of a Struct and counts as null. */
function decode(wire: unknown): Value {
  if (typeof wire === "string") return sentinels.has(wire) ? new Unknown(wire) : wire;
  if (typeof wire === "boolean" || typeof wire === "number") return wire;
  if (Array.isArray(wire)) return wire.map(decode);
  if (typeof wire !== "object" || wire === null) return null;
  const map = decodeMap(wire);
  const sign = get(map, signature);
  if (sign === undefined) return map;
  if (sign === secretSignature) return new Secret(get(map, "value") ?? null);
  if (sign === outputSignature) return decodeOutput(map);
  const special = specials.get(sign);
  if (special === undefined)
    throw new Error(`A property has the signature ${JSON.stringify(sign)}, which this simulator does not know.`);
  const identity = get(map, special.identity);
  return new Special(special.kind, typeof identity === "string" ? identity : "", map);
}

/** An output value: unknown when it has no value, secret when it says so; its dependencies are the engine's business. */
function decodeOutput(map: PropertyMap): Value {
  const value = get(map, "value") ?? new Unknown(unknownText);
  return get(map, "secret") === true ? new Secret(value) : value;
}

type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

function encode(value: Value): Wire {
  if (value instanceof Secret) return { [signature]: secretSignature, value: encode(value.value) };
  if (value instanceof Unknown) return value.sentinel;
  if (value instanceof Special) return encodeMap(value.fields);
  if (Array.isArray(value)) return value.map(encode);
  return typeof value === "object" && value !== null ? encodeMap(value) : value;
}

function encodeMap(map: PropertyMap): { [key: string]: Wire } {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, encode(value)]));
}
