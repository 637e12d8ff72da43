import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isSecretMarker, World } from "../../../lab/world";
import { unknown } from "../../../providers/common/values";
import type { HeadscaleApi } from "../../../providers/headscale/backends/api";
import { headscale } from "../../../providers/headscale/provider";
import { edit, Engine, messageOf, temporaryFolder } from "../support";

// What it can't prove: that a real server behaves like the simulated one. That is for the lab with a real Headscale.

const folder = temporaryFolder();
let world: World;
let engine: Engine<HeadscaleApi>;
let worlds = 0;

beforeEach(() => {
  jest.useRealTimers();
  worlds += 1;
  world = new World(join(folder, `world-${worlds}.json`));
  engine = new Engine(headscale, { world: world.path });
});
afterEach(() => jest.useRealTimers());

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

  test("a name the server would refuse is refused before", async () => {
    expect(await engine.check(type, { name: "Al ice" })).toEqual([
      'name: "Al ice" must begin with a letter or digit and hold lower-case letters, digits, ".", "_", "@" and "-" only',
    ]);
  });
});

describe("PreAuthKey", () => {
  const type = "headscale:index:PreAuthKey";
  const args = { tags: ["tag:b", "tag:a", "tag:b"], expiration: "24 hours" };

  test("lives from create to delete; its key is secret and not in the world", async () => {
    const key = await engine.create(type, args);
    expect(key.secrets).toContain("key");
    expect(key.outputs).toMatchObject({ tags: ["tag:a", "tag:b"], reusable: false, ephemeral: false });
    expect(key.outputs["key"]).toMatch(/^hskey-auth-simulated-[0-9a-f]{48}$/);
    expect(objects("PreAuthKey")["1"]).toMatchObject({ expiration: key.outputs["expiresAt"], used: false });
    expect(readFileSync(world.path, "utf8")).not.toContain("hskey-auth");
    expect(await engine.drift(type, key)).toEqual([]);
    expect((await engine.diff(type, key, args)).changed).toEqual([]);
    expect(await engine.diff(type, key, { ...args, reusable: true })).toMatchObject({ replaces: ["reusable"] });
    expect((await engine.diff(type, key, { ...args, expiration: "2 days" })).replaces).toEqual([
      "expiration",
      "expiresAt",
    ]);
    await engine.delete(type, key);
    await engine.delete(type, key);
    expect(objects("PreAuthKey")).toEqual({});
  });

  test("age is no drift, and is renewed in the last quarter of its life, once", async () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    jest.useFakeTimers({
      now,
      doNotFake: ["nextTick", "setImmediate", "setTimeout", "setInterval", "clearTimeout", "clearInterval"],
    });
    const key = await engine.create(type, args);
    expect(key.outputs["expiresAt"]).toMatch(/^2026-01-02T00:00:00\.\d{6}Z$/);
    jest.setSystemTime(now + 17.9 * 3_600_000);
    expect((await engine.diff(type, key, args)).changed).toEqual([]);
    jest.setSystemTime(now + 18.1 * 3_600_000);
    expect(await engine.drift(type, key)).toEqual([]);
    expect(await engine.diff(type, key, args)).toMatchObject({ changed: ["expiresAt"], replaces: ["expiresAt"] });
    const renewed = await engine.create(type, args);
    expect(Object.keys(objects("PreAuthKey"))).toHaveLength(1);
    expect((await engine.diff(type, renewed, args)).changed).toEqual([]);
  });

  test("a single-use key that was used is left alone, one that may be used again is renewed", async () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    jest.useFakeTimers({
      now,
      doNotFake: ["nextTick", "setImmediate", "setTimeout", "setInterval", "clearTimeout", "clearInterval"],
    });
    const once = await engine.create(type, args, { name: "x" });
    const often = await engine.create(type, { ...args, reusable: true }, { name: "y" });
    for (const id of ["1", "2"]) await edit(world, type, id, { used: true });
    jest.setSystemTime(now + 48 * 3_600_000);
    expect((await engine.diff(type, once, args, "x")).changed).toEqual([]);
    expect((await engine.diff(type, often, { ...args, reusable: true }, "y")).changed).toEqual(["expiresAt"]);
  });

  test("expired by hand is named and made anew; removed by hand is gone", async () => {
    const key = await engine.create(type, args);
    await edit(world, type, "1", { expiration: "2020-01-01T00:00:00Z" });
    expect(await engine.drift(type, key)).toEqual(["expiresAt"]);
    const seen = await engine.read(type, key);
    expect(seen && (await engine.diff(type, seen, args)).replaces).toEqual(["expiresAt"]);
    await edit(world, type, "1", "remove");
    expect(await engine.drift(type, key)).toBe("gone");
  });

  test("making it again after a crash leaves one key, and leaves others alone", async () => {
    await engine.create(type, args, { name: "other" });
    await engine.create(type, args, { name: "x" });
    const again = await engine.create(type, args, { name: "x" });
    expect(Object.keys(objects("PreAuthKey"))).toEqual(["1", again.id]);
  });

  test("an import has everything but the key", async () => {
    await engine.create(type, args);
    expect(await engine.import(type, "1")).toMatchObject({
      inputs: { tags: ["tag:a", "tag:b"] },
      outputs: { key: "hskey-auth-1-***" },
    });
  });

  test.each([
    [{ expiration: "24 hours" }, ["tags: a key needs tags or a user; give at least one tag, or the id of a user"]],
    [{ tags: ["tag:a"] }, ["expiration: missing; it is required"]],
    [
      { tags: ["ci"], expiration: "24 hours" },
      ['tags: 0: "ci" is no tag; write "tag:" and lower-case letters, digits and "-", for example "tag:ci"'],
    ],
    [{ user: "alice", expiration: "1 days" }, ['user: "alice" is no user id; give the id of a User, not its name']],
    [
      { tags: ["tag:a"], expiration: "1 days", renewBefore: "24 hours" },
      [
        'renewBefore: "24 hours" is not shorter than expiration "1 days": every run would make a new key. Renew later, or let the key live longer.',
      ],
    ],
  ])("%j is refused", async (news, expected) => {
    expect(await engine.check(type, news)).toEqual(expected);
  });

  test("a user that is not known yet is no mistake", async () => {
    expect(await engine.check(type, { user: unknown, expiration: "24 hours" })).toMatchObject({
      user: unknown,
      tags: [],
    });
  });
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
])("%s %j is refused", async (kind, news, expected) => {
  expect(await engine.check(`headscale:index:${kind}`, news)).toEqual([expected]);
});

describe("ApiKey", () => {
  const type = "headscale:index:ApiKey";

  test("lives from create to delete; its key is secret and not in the world", async () => {
    const key = await engine.create(type, { expiration: "90 days" });
    expect(key.secrets).toContain("key");
    expect(objects("ApiKey")["1"]).toMatchObject({
      prefix: key.outputs["prefix"],
      expiration: key.outputs["expiresAt"],
    });
    expect(isSecretMarker(world.read().resources[type]?.["1"]?.["key"])).toBe(true);
    expect(await engine.drift(type, key)).toEqual([]);
    expect((await engine.diff(type, key, { expiration: "90 days", renewBefore: "30 days" })).replaces).toEqual([]);
    expect(await engine.update(type, key, { expiration: "90 days", renewBefore: "30 days" })).toMatchObject({
      outputs: { ...key.outputs, renewBefore: "30 days" },
    });
    expect(await engine.import(type, "1")).toMatchObject({ inputs: { expiration: "90 days" } });
    await engine.delete(type, key);
    expect(objects("ApiKey")).toEqual({});
    expect(await engine.drift(type, key)).toBe("gone");
  });

  test("made again after a crash it is there once, unless somebody uses the first", async () => {
    await engine.create(type, { expiration: "90 days" });
    const second = await engine.create(type, { expiration: "90 days" });
    expect(Object.keys(objects("ApiKey"))).toEqual([second.id]);
    await edit(world, type, second.id, { used: true });
    await engine.create(type, { expiration: "90 days" });
    expect(Object.keys(objects("ApiKey"))).toHaveLength(2);
  });
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
