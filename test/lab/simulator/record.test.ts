import * as fc from "fast-check";

import { driftedInputs, record, restoreMap, withSecrets } from "../../../lab/simulator/record";
import { Secret, Special, Unknown } from "../../../lab/simulator/values";
import { secretMarker } from "../../../lab/world";
import { propertyMaps } from "./values.arbitrary";

const salt = "salt";
const none = new Set<string>();

test("what nobody touched reads back as it was, inputs included", () => {
  fc.assert(
    fc.property(propertyMaps({ unknowns: false }), propertyMaps({ unknowns: false }), (inputs, computed) => {
      const state = { ...computed, ...inputs };
      const now = restoreMap(salt, record(salt, state), state);
      expect(now).toEqual(state);
      expect(driftedInputs(inputs, state, now, none)).toEqual(inputs);
    }),
  );
});

test("no text of a secret is in a record", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 12 }), (text) => {
      const written = JSON.stringify(record(salt, { a: new Secret({ b: [text, { c: text }] }) }));
      expect(written).not.toContain(JSON.stringify(text).slice(1, -1));
    }),
  );
});

test("a secret is a marker of each of its leaves", () => {
  expect(record(salt, { login: new Secret({ user: "root", password: "x", none: null }) })).toEqual({
    login: { user: secretMarker(salt, "root"), password: secretMarker(salt, "x"), none: null },
  });
});

test("an asset is its hash", () => {
  expect(record(salt, { file: new Special("asset", "abc", {}) })).toEqual({ file: "asset:abc" });
});

test("an unknown cannot be recorded", () => {
  expect(() => record(salt, { a: new Unknown("x") })).toThrow(
    new Error("A value that is not known yet cannot become part of the world."),
  );
});

test("one changed leaf of a secret is found, the others keep their values, all of it stays secret", () => {
  const known = { login: new Secret({ user: "root", password: "x" }) };
  const changed = { login: { user: secretMarker(salt, "root"), password: secretMarker(salt, "y") } };
  expect(restoreMap(salt, changed, known)).toEqual({
    login: new Secret({ user: "root", password: secretMarker(salt, "y") }),
  });
});

test("a marker without a known value is secret, as on import", () => {
  const marker = secretMarker(salt, "x");
  expect(restoreMap(salt, { password: marker, size: 1 }, {})).toEqual({ password: new Secret(marker), size: 1 });
});

test("a secret that somebody wrote in clear is secret still", () => {
  expect(restoreMap(salt, { token: "found" }, { token: new Secret("lost") })).toEqual({ token: new Secret("found") });
});

test("the simulator's own notes are not reported", () => {
  expect(restoreMap(salt, { $urn: "urn:x", size: 1 }, {})).toEqual({ size: 1 });
});

describe("inputs after drift", () => {
  const inputs = { memory: { dedicated: 4096 }, tags: ["a"], password: new Secret("x"), writeOnly: "w" };
  const known = { memory: { dedicated: 4096, floating: 0 }, tags: ["a"], password: new Secret("x"), uid: "1" };

  test("take the changed value where the program gave one", () => {
    const now = { ...known, memory: { dedicated: 2048, floating: 0 } };
    expect(driftedInputs(inputs, known, now, none)).toEqual({ ...inputs, memory: { dedicated: 2048 } });
  });

  test("leave out what only the provider sets", () => {
    const now = { ...known, memory: { dedicated: 4096, floating: 512 }, uid: "2" };
    expect(driftedInputs(inputs, known, now, none)).toEqual(inputs);
  });

  test("lose what is gone and gain what was added, but not what is computed", () => {
    const { tags, ...rest } = known;
    const now = { ...rest, color: "red", status: "up" };
    const { tags: given, ...expected } = inputs;
    expect([tags, given]).toEqual([["a"], ["a"]]);
    expect(driftedInputs(inputs, known, now, new Set(["status"]))).toEqual({ ...expected, color: "red" });
  });

  test("gain what was added inside", () => {
    const now = { ...known, memory: { dedicated: 4096, floating: 0, shared: 1 }, tags: ["a", "b"] };
    const expected = { ...inputs, memory: { dedicated: 4096, shared: 1 }, tags: ["a", "b"] };
    expect(driftedInputs(inputs, known, now, none)).toEqual(expected);
  });

  test("stay in clear where the program gave in clear what the provider keeps secret", () => {
    const state = { value: new Secret("v") };
    const now = restoreMap(salt, record(salt, state), state);
    expect(driftedInputs({ value: "v" }, state, now, none)).toEqual({ value: "v" });
  });

  test("keep a secret secret", () => {
    const now = { ...known, password: new Secret("y") };
    expect(driftedInputs(inputs, known, now, none)["password"]).toEqual(new Secret("y"));
  });
});

test("secret outputs are marked once, null stays null", () => {
  const given = new Secret("x");
  const marked = withSecrets({ a: "1", b: given, c: null, d: "2" }, ["a", "b", "c"]);
  expect(marked).toEqual({ a: new Secret("1"), b: given, c: null, d: "2" });
  expect(marked["b"]).toBe(given);
});
