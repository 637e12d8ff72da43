import { readFileSync } from "node:fs";
import { join } from "node:path";

import { isSecretMarker, World } from "../../../lab/world";
import { unknown } from "../../../providers/common/values";
import type { HeadscaleApi } from "../../../providers/headscale/backends/api";
import { headscale } from "../../../providers/headscale/provider";
import { edit, Engine, temporaryFolder } from "../support";

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
afterEach(() => jest.useRealTimers());

const objects = (type: string): Record<string, unknown> => world.read().resources[`headscale:index:${type}`] ?? {};

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

  test("a single-use key that was used has done its work: its end is no drift; one a machine joined with is ended, not deleted", async () => {
    const key = await engine.create(type, args);
    await edit(world, type, "1", { used: true, expiration: "2020-01-01T00:00:00Z" });
    await edit(world, "headscale:index:Node", "7", { givenName: "docker", preAuthKey: "1" });
    expect(await engine.drift(type, key)).toEqual([]);
    jest.useFakeTimers({
      now: Date.now() + 20 * 3_600_000,
      doNotFake: ["nextTick", "setImmediate", "setTimeout", "clearTimeout"],
    });
    expect((await engine.diff(type, key, args)).changed).toEqual([]);
    await engine.delete(type, key);
    expect(objects("PreAuthKey")["1"]).toMatchObject({ used: true });
    expect(objects("PreAuthKey")["1"]).not.toMatchObject({ expiration: "2020-01-01T00:00:00Z" });
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

  test("made again it leaves the first, which may be in use, until that has ended", async () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    jest.useFakeTimers({
      now,
      doNotFake: ["nextTick", "setImmediate", "setTimeout", "setInterval", "clearTimeout", "clearInterval"],
    });
    await engine.create(type, { expiration: "90 days" });
    jest.setSystemTime(now + 80 * 86_400_000);
    await engine.create(type, { expiration: "90 days" });
    expect(Object.keys(objects("ApiKey"))).toEqual(["1", "2"]);
    jest.setSystemTime(now + 91 * 86_400_000);
    await engine.create(type, { expiration: "90 days" });
    expect(Object.keys(objects("ApiKey"))).toEqual(["2", "3"]);
  });
});
