import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { strike, World, type Call, type Fault } from "../../../lab/world";

const create: Call = { operation: "create", type: "proxmoxve:index/vmLegacy:VmLegacy", name: "docker" };
let folder: string;
let world: World;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "faults-"));
  world = new World(join(folder, "world.json"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const script = (...faults: Fault[]) =>
  world.update((data) => {
    data.faults = faults;
  });

test("strikes at the n-th matching call, once", async () => {
  await script({ operation: "create", fault: "fail", at: 3 });
  const struck: (string | undefined)[] = [];
  for (let call = 1; call <= 5; call++) struck.push((await strike(world, create))?.fault);
  expect(struck).toEqual([undefined, undefined, "fail", undefined, undefined]);
  expect(world.read().faults).toEqual([{ operation: "create", fault: "fail", at: 3, seen: 3, done: true }]);
});

test.each<[string, Partial<Fault>, boolean]>([
  ["anything", {}, true],
  ["stars", { operation: "*", type: "*", name: "*" }, true],
  ["part of a type", { type: "proxmoxve:*:VmLegacy" }, true],
  ["part of a name", { name: "dock*" }, true],
  ["a dot is a dot", { name: "d.cker" }, false],
  ["another operation", { operation: "delete" }, false],
  ["another type", { type: "github:*" }, false],
  ["another name", { name: "docke" }, false],
  ["one that has struck", { done: true }, false],
])("is meant for a call: %s", async (_, fields, meant) => {
  await script({ fault: "fail", ...fields });
  expect((await strike(world, create)) !== undefined).toBe(meant);
});

test("of two at once the first in the file strikes, the other at the next call", async () => {
  await script({ fault: "slow" }, { fault: "fail" });
  expect((await strike(world, create))?.fault).toBe("slow");
  expect(world.read().faults[1]).toEqual({ fault: "fail", seen: 1 });
  expect((await strike(world, create))?.fault).toBe("fail");
});

test("calls at the same time are counted apart", async () => {
  await script({ fault: "fail", at: 2 });
  const struck = await Promise.all([strike(world, create), strike(world, create), strike(world, create)]);
  expect(struck.filter((fault) => fault !== undefined)).toHaveLength(1);
});

test("without a script nothing is written", async () => {
  world.read();
  const update = jest.spyOn(world, "update");
  await strike(world, create);
  expect(update).not.toHaveBeenCalled();
});
