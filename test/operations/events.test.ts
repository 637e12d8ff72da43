import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countAreas } from "../../operations/cli/areas";
import { driftLine, findDrift } from "../../operations/cli/drift";
import { type EngineEvent, label, readEvents, readUrn } from "../../operations/cli/events";

const urn = (types: string, name: string): string => `urn:pulumi:dev::estate::${types}::${name}`;
const secret = (hash: string) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", hash });

test("a URN is taken apart, whatever is in the name", () => {
  expect(readUrn(urn("estate:index:Estate$a:b:C", "x::y$z"))).toEqual({
    types: ["estate:index:Estate", "a:b:C"],
    name: "x::y$z",
  });
  expect(label(urn("estate:index:Estate$a:b:C", "docker"))).toBe('a:b:C "docker"');
});

test("events are read line by line; a line cut off by a kill is left out", () => {
  const folder = mkdtempSync(join(tmpdir(), "events-"));
  const file = join(folder, "events.json");
  const event = {
    resourcePreEvent: { metadata: { op: "create", urn: urn("a:b:C", "x"), old: null, new: { outputs: null } } },
  };
  writeFileSync(file, `${JSON.stringify(event)}\n{"sequence":2,"preludeEvent":{"config":{}}}\n{"summaryEvent":{"resou`);
  const events = readEvents(file);
  rmSync(folder, { recursive: true });
  expect(events).toEqual([event, {}]);
});

const step = (op: string, types: string, name: string): EngineEvent => ({
  resourcePreEvent: { metadata: { op, urn: urn(types, name) } },
});

test("resources are counted by the innermost area they stand in, each once, without those that go", () => {
  const estate = "estate:index:Estate";
  const events = [
    step("create", "pulumi:pulumi:Stack", "estate-dev"),
    step("create", estate, "pmoves"),
    step("create", `${estate}$estate:machines:VirtualMachine`, "docker"),
    step("create", `${estate}$estate:machines:VirtualMachine$proxmoxve:index/vmLegacy:VmLegacy`, "docker"),
    step("same", `${estate}$estate:machines:VirtualMachine$proxmoxve:index/vmLegacy:VmLegacy`, "docker"),
    step("delete", `${estate}$estate:machines:VirtualMachine$proxmoxve:index/vmLegacy:VmLegacy`, "old"),
    step("create", `${estate}$estate:clusters:TalosCluster$estate:apps:Chart$kubernetes:core/v1:Service`, "web"),
  ];
  expect(countAreas(events)).toEqual([
    { name: "apps", resources: 1 },
    { name: "machines", resources: 2 },
    { name: "the estate itself", resources: 2 },
  ]);
});

const refreshed = (op: string, name: string, old: object, found: object | null): EngineEvent => ({
  resOutputsEvent: {
    metadata: {
      op,
      urn: urn("a:b:C", name),
      old: { outputs: { ...old } },
      new: found === null ? null : { outputs: { ...found } },
    },
  },
});

describe("drift", () => {
  test("names each resource with the paths that differ, and no value", () => {
    const drifts = findDrift([
      refreshed(
        "update",
        "vm",
        { memory: { dedicated: 1, floating: 2 }, disks: [{ size: 1 }] },
        { memory: { dedicated: 9, floating: 2 }, disks: [{ size: 2 }, { size: 3 }] },
      ),
      refreshed("delete", "gone", { name: "x" }, null),
      refreshed("same", "as it was", { name: "x" }, { name: "x" }),
    ]);
    expect(driftLine(drifts, "dev")).toBe(
      'Drift in stack dev: 2 resources: a:b:C "gone" is gone; a:b:C "vm" (memory.dedicated, disks[0].size, disks[1])',
    );
  });

  test("of a secret is named as a whole, without its ciphertext", () => {
    const drifts = findDrift([refreshed("update", "key", { token: secret("a") }, { token: secret("b") })]);
    expect(drifts).toEqual([{ resource: 'a:b:C "key"', kind: "changed", properties: ["token"] }]);
  });

  test("an update without a difference is none: the engine reports components like that", () => {
    expect(findDrift([refreshed("update", "component", { a: 1 }, { a: 1 })])).toEqual([]);
  });

  test("that shows in the inputs alone is found there", () => {
    const event: EngineEvent = {
      resOutputsEvent: {
        metadata: { op: "update", urn: urn("a:b:C", "x"), old: { inputs: { a: 1 } }, new: { inputs: { a: 2 } } },
      },
    };
    expect(findDrift([event])).toEqual([{ resource: 'a:b:C "x"', kind: "changed", properties: ["a"] }]);
  });
});
