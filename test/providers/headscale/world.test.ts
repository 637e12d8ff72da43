import { join } from "node:path";

import { World } from "../../../lab/world";
import { unknown } from "../../../providers/common/values";
import type { HeadscaleApi } from "../../../providers/headscale/backends/api";
import { headscale } from "../../../providers/headscale/provider";
import { edit, Engine, messageOf, temporaryFolder } from "../support";

// What it can't prove: that a real server behaves like the simulated one. That is for test/tailnet/provider.

const folder = temporaryFolder();
let world: World;
let engine: Engine<HeadscaleApi>;
let worlds = 0;

beforeEach(() => {
  worlds += 1;
  world = new World(join(folder, `world-${worlds}.json`));
  engine = new Engine(headscale, { world: world.path });
});

const objects = (type: string): Record<string, unknown> => world.read().resources[`headscale:index:${type}`] ?? {};

describe("User", () => {
  const type = "headscale:index:User";

  test("lives from create to delete", async () => {
    const alice = await engine.create(type, { name: "alice", email: "alice@example.org" });
    expect(objects("User")).toEqual({ "1": { name: "alice", displayName: "", email: "alice@example.org" } });
    expect(await engine.drift(type, alice)).toEqual([]);
    expect(await engine.diff(type, alice, { name: "bob", email: "alice@example.org" })).toMatchObject({
      changed: ["name"],
      replaces: [],
    });
    const bob = await engine.update(type, alice, { name: "bob", email: "alice@example.org" });
    expect(objects("User")["1"]).toMatchObject({ name: "bob" });
    expect(await engine.diff(type, bob, { name: "bob" })).toEqual({
      changed: ["email"],
      replaces: ["email"],
      deleteBeforeReplace: true,
    });
    await engine.delete(type, bob);
    expect(objects("User")).toEqual({});
    expect(await engine.drift(type, bob)).toBe("gone");
  });

  test("a change by hand is named, an import finds it by id and by name", async () => {
    const alice = await engine.create(type, { name: "alice" });
    await edit(world, type, "1", { displayName: "Eve" });
    expect(await engine.drift(type, alice)).toEqual(["displayName"]);
    expect(await engine.import(type, "1")).toMatchObject({ id: "1", inputs: { name: "alice", displayName: "Eve" } });
    expect(await engine.import(type, "alice")).toMatchObject({ id: "1" });
    expect(await engine.import(type, "nobody")).toBeUndefined();
  });

  test("one that a killed run left is taken over, another one of the name is not", async () => {
    await engine.create(type, { name: "alice" });
    expect(await engine.create(type, { name: "alice" })).toMatchObject({ id: "1" });
    expect(await messageOf(engine.create(type, { name: "alice", email: "a@example.org" }))).toBe(
      "The Headscale user alice exists already, with another displayName or email. Take it over with " +
        "`pulumi import headscale:index:User <name> 1`, or choose another name.",
    );
  });

  test.each(["Alice", "al ice", "a", "1alice", "a@b@c"])(
    "the name %j, which the server would refuse, is refused",
    async (name) => {
      expect(await engine.check(type, { name })).toEqual([
        `name: ${JSON.stringify(name)} must begin with a lower-case letter, have at least two characters, and hold nothing but ` +
          'lower-case letters, digits, ".", "_", "-" and one "@" at most',
      ]);
    },
  );
});

describe("Policy", () => {
  const type = "headscale:index:Policy";
  const text = '{"acls": [{"action": "accept", "src": ["tag:a"], "dst": ["tag:b:22"]}]}';

  test("lives from create to delete", async () => {
    const policy = await engine.create(type, { policy: text });
    expect(policy.id).toBe("policy");
    expect((await engine.diff(type, policy, { policy: `// same\n${text}` })).changed).toEqual([]);
    const closed = await engine.update(type, policy, { policy: '{"acls": []}' });
    expect(objects("Policy")).toEqual({ policy: { policy: '{"acls": []}' } });
    expect(await engine.drift(type, closed)).toEqual([]);
    await engine.delete(type, closed);
    expect(objects("Policy")).toEqual({});
  });

  test("is compared by meaning when it is read, too", async () => {
    const policy = await engine.create(type, { policy: text });
    await edit(world, type, "policy", { policy: JSON.stringify(JSON.parse(text), undefined, 4) });
    expect(await engine.drift(type, policy)).toEqual([]);
    await edit(world, type, "policy", { policy: '{"acls":[]}' });
    expect(await engine.drift(type, policy)).toEqual(["policy"]);
    expect(await engine.import(type, "policy")).toMatchObject({ inputs: { policy: '{"acls":[]}' } });
    await edit(world, type, "policy", { policy: "" });
    expect(await engine.drift(type, policy)).toEqual(["policy"]);
    await edit(world, type, "policy", { policy: "no policy at all" });
    expect(await engine.drift(type, policy)).toEqual(["policy"]);
    await edit(world, type, "policy", "remove");
    expect(await engine.drift(type, policy)).toBe("gone");
  });

  const remedy = 'State what is allowed in "acls" or "grants"; an empty list of acls denies everything.';
  test.each([
    ["", `policy: is empty, which allows everybody everything. ${remedy}`],
    ["{}", `policy: has neither acls nor grants, which allows everybody everything. ${remedy}`],
    [
      '{"acls":[{"action":"accept","src":["*"],"dst":["*:*"]}]}',
      `policy: lets everybody reach every port of every machine (acls[0]). ${remedy}`,
    ],
    ['{"acls": [}', "policy: cannot be read: line 1 is no HuJSON (ValueExpected)"],
  ])("%j is refused", async (policy, expected) => {
    expect(await engine.check(type, { policy })).toEqual([expected]);
  });

  test("one that is not known yet is not judged", async () => {
    expect(await engine.check(type, { policy: unknown })).toEqual({ policy: unknown });
  });
});

describe.each([
  ["NodeTags", "tags", ["tag:a", "tag:b"], ["tag:a"], "tags"],
  ["RouteApproval", "routes", ["10.0.0.0/24", "10.1.0.0/24"], ["10.0.0.0/24"], "approvedRoutes"],
])("%s", (kind, property, values, fewer, ofNode) => {
  const type = `headscale:index:${kind}`;

  test("a node that has not joined is a normal state", async () => {
    const made = await engine.create(type, { node: "docker", [property]: [...values].reverse() });
    expect(made.outputs).toEqual({ node: "docker", [property]: values });
    expect(await engine.drift(type, made)).toEqual([]);
    const changed = await engine.update(type, made, { node: "docker", [property]: fewer });
    expect(objects(kind)).toEqual({ docker: { node: "docker", [property]: fewer } });
    expect(await engine.diff(type, changed, { node: "other", [property]: fewer })).toMatchObject({
      replaces: ["node"],
    });
    await engine.delete(type, changed);
    expect(objects(kind)).toEqual({});
    expect(await engine.drift(type, changed)).toBe("gone");
  });

  test("a node that has joined is set, read, and seen when it is changed by hand", async () => {
    await edit(world, "headscale:index:Node", "7", { givenName: "docker", tags: ["tag:z"], approvedRoutes: [] });
    const made = await engine.create(type, { node: "docker", [property]: values });
    expect(objects("Node")["7"]).toMatchObject({ [ofNode]: values });
    await edit(world, "headscale:index:Node", "7", { [ofNode]: fewer });
    expect(await engine.drift(type, made)).toEqual([property]);
    expect(await engine.import(type, "docker")).toMatchObject({ inputs: { node: "docker", [property]: fewer } });
  });
});

test("deleting an approval takes it back from the node; an exit route brings the other family", async () => {
  await edit(world, "headscale:index:Node", "7", { givenName: "exit", tags: [], approvedRoutes: [] });
  const made = await engine.create("headscale:index:RouteApproval", { node: "exit", routes: ["0.0.0.0/0"] });
  expect(made.outputs["routes"]).toEqual(["0.0.0.0/0", "::/0"]);
  await engine.delete("headscale:index:RouteApproval", made);
  expect(objects("Node")["7"]).toMatchObject({ approvedRoutes: [] });
});

test.each([
  ["NodeTags", { node: "a", tags: [] }, "tags: must hold at least one tag; a node cannot be untagged"],
  [
    "RouteApproval",
    { node: "a", routes: ["10.0.0.0/33"] },
    'routes: 0: "10.0.0.0/33" is no prefix such as "10.42.0.0/24"',
  ],
  ["RouteApproval", { node: "a", routes: ["10.0.0.1/24"] }, 'routes: 0: "10.0.0.1/24" must be written "10.0.0.0/24"'],
  ["RouteApproval", { node: "a", routes: ["FD00:0::/64"] }, 'routes: 0: "FD00:0::/64" must be written "fd00::/64"'],
  ["RouteApproval", { node: "a", routes: ["10.0.0.0"] }, 'routes: 0: "10.0.0.0" is no prefix such as "10.42.0.0/24"'],
])("%s %j is refused", async (kind, news, expected) => {
  expect(await engine.check(`headscale:index:${kind}`, news)).toEqual([expected]);
});

test("a policy that somebody else set is not overwritten unseen", async () => {
  const type = "headscale:index:Policy";
  const mine = '{"acls": [{"action": "accept", "src": ["tag:a"], "dst": ["tag:b:22"]}]}';
  const theirs = '{"acls": [{"action": "accept", "src": ["tag:c"], "dst": ["tag:d:22"]}]}';
  await edit(world, type, "policy", { policy: theirs });
  expect(await messageOf(engine.create(type, { policy: mine }))).toMatch(/^The Headscale server has a policy /);
  const policy = await engine.create(type, { policy: theirs });
  await edit(world, type, "policy", { policy: mine });
  expect(await messageOf(engine.update(type, policy, { policy: '{"acls":[]}' }))).toMatch(
    /^Somebody changed the policy /,
  );
  expect(objects("Policy")).toEqual({ policy: { policy: mine } });
});

test("the machines of the world are listed, by user or tag", async () => {
  const type = "headscale:index:Node";
  await edit(world, type, "10", { givenName: "docker", tags: ["tag:core"], approvedRoutes: ["10.0.0.0/24"] });
  const ada = await engine.create("headscale:index:User", { name: "ada" });
  await edit(world, type, "9", { givenName: "laptop", hostname: "Ada's laptop", user: ada.id, online: true });
  const laptop = {
    ...{ id: "9", name: "laptop", hostname: "Ada's laptop", user: "ada", tags: [], addresses: [], ephemeral: false },
    ...{ approvedRoutes: [], availableRoutes: [], online: true },
  };
  expect(await engine.invoke("headscale:index:getNodes", {})).toEqual({
    nodes: [laptop, expect.objectContaining({ name: "docker", tags: ["tag:core"], approvedRoutes: ["10.0.0.0/24"] })],
  });
  expect(await engine.invoke("headscale:index:getNodes", { user: "ada" })).toEqual({ nodes: [laptop] });
  expect(await engine.invoke("headscale:index:getNodes", { user: "ada", tag: "tag:core" })).toEqual({ nodes: [] });
});

test("a scripted fault strikes, once", async () => {
  await world.update((data) => {
    data.faults = [
      { operation: "create", type: "headscale:index:User", name: "x", fault: "fail", message: "the hub is on fire" },
    ];
  });
  expect(await messageOf(engine.create("headscale:index:User", { name: "alice" }))).toBe("the hub is on fire");
  expect(await engine.create("headscale:index:User", { name: "alice" })).toMatchObject({ id: "1" });
});
