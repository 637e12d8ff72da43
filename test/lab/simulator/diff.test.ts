import * as fc from "fast-check";

import { compare, roots, unignored, type Change } from "../../../lab/simulator/diff";
import { parsePath, printPath, touches } from "../../../lab/simulator/path";
import { Secret, Unknown, type PropertyMap } from "../../../lab/simulator/values";
import { propertyMaps } from "./values.arbitrary";

const show = (changes: Change[]) =>
  changes.map(({ path, kind, replace }) => `${kind} ${printPath(path)}${replace ? " replaces" : ""}`);

test.each<[string, PropertyMap, PropertyMap, string[]]>([
  ["a value", { a: 1 }, { a: 2 }, ["update a"]],
  ["a new one", {}, { a: 2 }, ["add a"]],
  ["one less", { a: { b: 1 } }, { a: {} }, ["delete a.b"]],
  ["in a list", { a: [{ b: 1 }, 2] }, { a: [{ b: 3 }] }, ["update a[0].b", "delete a[1]"]],
  ["another kind of value", { a: [1] }, { a: "1" }, ["update a"]],
  ["an unknown", { a: { b: 1 } }, { a: new Unknown("x") }, ["update a"]],
  ["null is nothing", { a: null }, {}, []],
  ["secrecy alone", { a: "x" }, { a: new Secret("x") }, []],
  ["inside a secret", { a: new Secret({ b: 1 }) }, { a: new Secret({ b: 2 }) }, ["update a.b"]],
  ["a name with a dot", { a: { "b.c/d": 1 } }, { a: { "b.c/d": 2 } }, ['update a["b.c/d"]']],
  ["a name of every object", {}, { constructor: 1 }, ["add constructor"]],
])("%s", (_, before, after, expected) => {
  expect(show(compare(before, after))).toEqual(expected);
});

test.each<[string, PropertyMap, PropertyMap, string[]]>([
  ["the property itself", { spec: { selector: "a" } }, { spec: { selector: "b" } }, ["update spec.selector replaces"]],
  ["below it", { spec: { selector: { x: 1 } } }, { spec: { selector: { x: 2 } } }, ["update spec.selector.x replaces"]],
  ["above it", {}, { spec: {} }, ["add spec replaces"]],
  ["beside it", { spec: { size: 1 } }, { spec: { size: 2 } }, ["update spec.size"]],
  ["in any item", { disks: [{ id: 1 }] }, { disks: [{ id: 2 }] }, ["update disks[0].id replaces"]],
])("replacement: %s", (_, before, after, expected) => {
  expect(show(compare(before, after, ["spec.selector", "disks[*].id"]))).toEqual(expected);
});

test("nothing differs from itself", () => {
  fc.assert(
    fc.property(propertyMaps({ unknowns: false }), (map) => {
      expect(compare(map, map, ["a"])).toEqual([]);
    }),
  );
});

test("ignored changes are left out, with everything below them", () => {
  const changes = compare({ a: { b: 1, c: 1 }, d: [1] }, { a: { b: 2, c: 2 }, d: [2] });
  expect(show(unignored(changes, ["a.b", "d[*]"]))).toEqual(["update a.c"]);
  expect(show(unignored(changes, ["a.b.x"]))).toEqual(["update a.b", "update a.c", "update d[0]"]);
});

test("every property is named once", () => {
  expect(roots(compare({ a: { b: 1, c: 1 }, d: 1 }, { a: { b: 2, c: 2 }, d: 2 }))).toEqual(["a", "d"]);
});

test("a printed path reads back", () => {
  const part = fc.oneof(
    fc.nat(9),
    fc.string({ minLength: 1 }).filter((name) => name !== "*"),
  );
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.array(part), (first, rest) => {
      expect(parsePath(printPath([first, ...rest]))).toEqual([first, ...rest]);
    }),
  );
});

test("a pattern touches what is above and below it", () => {
  expect([["a"], ["a", "b", "c"], ["x"]].map((path) => touches(path, ["a", "b"]))).toEqual([true, true, false]);
});
