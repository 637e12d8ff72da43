import { unknownText } from "../../../lab/simulator/marshal";
import { Secret, Unknown, type PropertyMap } from "../../../lab/simulator/values";
import { getObject, putObject, secretMarker, type WorldObject } from "../../../lab/world";
import { Conversation, urnOf } from "./conversation";

const vmType = "proxmoxve:index/vmLegacy:VmLegacy";
const urn = urnOf(vmType, "docker");
const vm: PropertyMap = {
  nodeName: "pve1",
  vmId: 100,
  name: "docker",
  memory: { dedicated: 4096 },
  initialization: { userAccount: { password: new Secret("hunter2hunter2") } },
};
const unknown = new Unknown(unknownText);

let engine: Conversation;

beforeEach(async () => {
  engine = new Conversation("proxmoxve");
  await engine.start();
});

afterEach(() => {
  engine.stop();
});

/** The world's VM after a person has edited it. */
async function edit(change: (object: WorldObject) => void): Promise<void> {
  await engine.world.update((data) => {
    const object = getObject(data, vmType, "100");
    if (object === undefined) throw new Error("no VM");
    change(object);
  });
}

test("introduces itself as taking secrets and resources, and says what cannot be asked", async () => {
  const { acceptSecrets, acceptResources, acceptOutputs } = (await engine.handshake()).toObject();
  expect({ acceptSecrets, acceptResources, acceptOutputs }).toEqual({
    acceptSecrets: true,
    acceptResources: true,
    acceptOutputs: false,
  });
  expect((await engine.configure({})).toObject()).toMatchObject({ supportspreview: true, acceptsecrets: true });
  await expect(engine.invoke("proxmoxve:index/getNothing:getNothing", {})).rejects.toThrow(
    new Error(
      "The simulator has no answer for the function proxmoxve:index/getNothing:getNothing. " +
        "Add it to the invokes of its package in lab/simulator/models.",
    ),
  );
});

test("a VM's life: preview, create, read, diff, update, delete twice", async () => {
  const checked = await engine.check(urn, vm);
  expect(checked).toEqual({ inputs: vm, failures: [] });

  const preview = await engine.create(urn, vm, true);
  expect(preview).toMatchObject({
    id: "",
    state: { memory: { dedicated: 4096 }, ipv4Addresses: unknown, onBoot: true },
  });
  expect(engine.world.read().resources).toEqual({});

  const created = await engine.create(urn, vm);
  expect(created).toMatchObject({ id: "100", state: { ...vm, vmId: 100, onBoot: true } });
  expect(await engine.read(urn, "100", created.state, vm)).toEqual({ ...created, inputs: vm });
  expect((await engine.diff(urn, "100", created.state, vm, vm)).changes).toBe(false);

  const bigger = { ...vm, memory: { dedicated: 8192 } };
  expect(await engine.diff(urn, "100", created.state, vm, bigger)).toEqual({
    changes: true,
    replaces: [],
    first: false,
    paths: { "memory.dedicated": [4, true] },
  });
  const updated = await engine.update(urn, "100", created.state, bigger);
  expect(updated).toEqual({ ...created.state, memory: { dedicated: 8192 } });
  expect(getObject(engine.world.read(), vmType, "100")).toMatchObject({ memory: { dedicated: 8192 } });

  await engine.delete(urn, "100", bigger);
  expect(engine.world.read().resources).toEqual({});
  await engine.delete(urn, "100", bigger);
  expect(await engine.read(urn, "100", updated, bigger)).toEqual({ id: "", state: {}, inputs: {} });
});

test("a secret is in the world as a marker only, and comes back from the state", async () => {
  const { state } = await engine.create(urn, vm);
  const written = JSON.stringify(engine.world.read());
  expect(written).not.toContain("hunter2");
  expect(written).toContain(secretMarker(engine.world.read().salt, "hunter2hunter2"));
  expect((await engine.read(urn, "100", state, vm)).state["initialization"]).toEqual(vm["initialization"]);
});

test("a hand edit is drift of that property, in both directions of the engine's diff", async () => {
  const { state } = await engine.create(urn, vm);
  await edit((object) => {
    object["memory"] = { dedicated: 2048 };
    object["onBoot"] = false;
  });
  const now = await engine.read(urn, "100", state, vm);
  expect(now.inputs).toEqual({ ...vm, memory: { dedicated: 2048 } });
  // What a refresh asks: how would the program change what is there now? onBoot is the provider's own, not an input.
  expect((await engine.diff(urn, "100", now.state, now.inputs, vm)).paths).toEqual({
    "memory.dedicated": [4, true],
    onBoot: [4, false],
  });
  expect((await engine.diff(urn, "100", now.state, now.inputs, vm, ["memory", "onBoot"])).changes).toBe(false);
});

test("a secret that changed behind the program's back is drift, without its value", async () => {
  const { state } = await engine.create(urn, vm);
  await edit((object) => {
    object["initialization"] = { userAccount: { password: "leaked" } };
  });
  const now = await engine.read(urn, "100", state, vm);
  expect(now.inputs["initialization"]).toEqual({ userAccount: { password: new Secret("leaked") } });
});

test("imports what somebody made by hand", async () => {
  await engine.world.update((data) => {
    putObject(data, vmType, "105", { nodeName: "pve1", vmId: 105, name: "by-hand", ipv4Addresses: [], started: true });
  });
  const { id, inputs } = await engine.read(urn, "105");
  expect([id, inputs]).toEqual(["105", { nodeName: "pve1", name: "by-hand", vmId: 105 }]);
});

test("a change that cannot be made in place replaces", async () => {
  const { state } = await engine.create(urn, vm);
  const moved = { ...vm, nodeName: "pve2" };
  expect(await engine.diff(urn, "100", state, vm, moved)).toMatchObject({
    replaces: ["nodeName"],
    paths: { nodeName: [5, true] },
  });
  expect((await engine.diff(urn, "100", state, vm, { ...moved, migrate: true })).replaces).toEqual([]);
  const later = { ...vm, memory: { dedicated: unknown } };
  expect((await engine.diff(urn, "100", state, vm, later)).paths).toEqual({ "memory.dedicated": [4, true] });
});

test("an update of what is gone says so", async () => {
  const { state } = await engine.create(urn, vm);
  await engine.world.update((data) => {
    data.resources = {};
  });
  await expect(engine.update(urn, "100", state, vm)).rejects.toThrow(
    new Error(`${vmType} "100" does not exist any more; refresh the stack to have it created again`),
  );
});

test("a type without a model echoes its inputs under an id of its own", async () => {
  const other = urnOf("proxmoxve:metrics/server:Server", "metrics");
  const first = await engine.create(other, { server: "192.0.2.1" });
  const second = await engine.create(urnOf("proxmoxve:metrics/server:Server", "others"), { server: "192.0.2.2" });
  expect(first.state).toEqual({ server: "192.0.2.1" });
  expect(first.id).toMatch(/^[0-9a-f]{32}$/);
  expect(second.id).not.toBe(first.id);
  expect(engine.types).toContain("proxmoxve:metrics/server:Server");
});

describe("a create whose answer was lost", () => {
  const server = urnOf("proxmoxve:metrics/server:Server", "metrics");

  test("is taken up by the next run", async () => {
    const lost = await engine.create(server, { server: "192.0.2.1" });
    await engine.start();
    await engine.check(server, { server: "192.0.2.9" });
    const found = await engine.create(server, { server: "192.0.2.9" });
    expect(found).toEqual({ id: lost.id, state: { server: "192.0.2.9" } });
    expect(Object.keys(engine.world.read().resources)).toHaveLength(1);
  });

  test("leaves nothing behind when the id follows from inputs that are others now", async () => {
    const job = urnOf("proxmoxve:backup/job:Job", "nightly");
    await engine.create(job, { resourceId: "nightly" });
    await engine.create(urn, { ...vm });
    await engine.start();
    await engine.create(job, { resourceId: "daily" });
    await engine.create(urn, { nodeName: "pve1" });
    const { "proxmoxve:backup/job:Job": jobs, [vmType]: vms } = engine.world.read().resources;
    expect([Object.keys(jobs ?? {}), Object.keys(vms ?? {})]).toEqual([["daily"], ["100"]]);
  });

  test("is not, when the engine has the resource: then it is a replacement", async () => {
    const first = await engine.create(server, { server: "192.0.2.1" });
    await engine.start();
    await engine.check(server, { server: "192.0.2.9" }, { server: "192.0.2.1" });
    await engine.check(server, { server: "192.0.2.9" });
    const second = await engine.create(server, { server: "192.0.2.9" });
    expect(second.id).not.toBe(first.id);
    await engine.delete(server, first.id);
    expect((await engine.read(server, second.id)).id).toBe(second.id);
  });

  test("is not, when somebody else made it", async () => {
    await engine.world.update((data) => {
      putObject(data, vmType, "100", { vmId: 100 });
    });
    await expect(engine.create(urn, vm)).rejects.toThrow(
      new Error("unable to create VM 100: VM 100 already exists on node 'pve1'"),
    );
  });
});
