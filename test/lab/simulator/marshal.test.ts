import * as fc from "fast-check";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import { fromStruct, toStruct, unknownText } from "../../../lab/simulator/marshal";
import { Secret, Special, Unknown, type PropertyMap, type Value } from "../../../lab/simulator/values";
import { propertyMaps } from "./values.arbitrary";

const signature = "4dabf18193072939515e22adb298388d";
const throughTheWire = (map: PropertyMap): PropertyMap =>
  fromStruct(Struct.deserializeBinary(toStruct(map).serializeBinary()));
const received = (value: object): Value | undefined => fromStruct(Struct.fromJavaScript({ value }))["value"];

test("every value comes back from the wire as it went", () => {
  fc.assert(
    fc.property(propertyMaps({ unknowns: true }), (map) => {
      expect(throughTheWire(map)).toEqual(map);
    }),
  );
});

test("signs are those of the SDK", () => {
  expect(received({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value: 5 })).toEqual(new Secret(5));
  const asset = { [signature]: "c44067f5952c0a294b673a41bacd8c17", hash: "abc", text: "" };
  expect(received(asset)).toEqual(new Special("asset", "abc", asset));
  const resource = { [signature]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:x", id: "1" };
  expect(received(resource)).toEqual(new Special("resource", "urn:x", resource));
});

test.each<[string, object, Value]>([
  ["known", { value: 1 }, 1],
  ["unknown", {}, new Unknown(unknownText)],
  ["secret", { value: 1, secret: true }, new Secret(1)],
  ["secret and unknown", { secret: true, dependencies: ["urn:x"] }, new Secret(new Unknown(unknownText))],
])("an output value: %s", (_, fields, expected) => {
  expect(received({ [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...fields })).toEqual(expected);
});

test("a secret in a secret is one secret", () => {
  expect(new Secret(new Secret("x"))).toEqual(new Secret("x"));
});

test("a sign nobody knows is an error, not a map", () => {
  expect(() => received({ [signature]: "beef" })).toThrow(
    new Error('A property has the signature "beef", which this simulator does not know.'),
  );
});

test("no message is no properties", () => {
  expect(fromStruct(undefined)).toEqual({});
});
