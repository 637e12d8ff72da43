import type { Properties } from "../../../providers/common/values";
import { ProtocolNode } from "../support/protocolNode";

import { Hub, messageOf } from "./support";
import { textOf, type Resource, type WireProvider } from "./wire";

const hub = new Hub();
const args: Properties = { tags: ["tag:ci"], expiration: "24 hours" };
let provider: WireProvider;
const joined: ProtocolNode[] = [];

beforeAll(async () => {
  await hub.start();
  provider = await hub.provider();
  await provider.create("User", { name: "ada" });
  const policy = {
    tagOwners: { "tag:ci": ["ada@"], "tag:router": ["ada@"] },
    acls: [],
    autoApprovers: { routes: { "10.42.0.0/24": ["tag:router"] }, exitNode: ["tag:router"] },
  };
  await provider.create("Policy", { policy: JSON.stringify(policy) });
}, 60_000);
afterEach(() => {
  jest.useRealTimers();
  leave();
});
afterAll(() => hub.remove());

test("lives from create to delete: single-use, with an end, and the key a secret on the wire", async () => {
  const key = await provider.create("PreAuthKey", args);
  expect([...key.secrets]).toEqual(["key"]);
  expect(key.outputs).toMatchObject({ tags: ["tag:ci"], reusable: false, ephemeral: false });
  expect(key.outputs["key"]).toMatch(/^hskey-auth-[\w-]{12}-[\w-]{64}$/);
  expect(await provider.drift("PreAuthKey", key)).toEqual([]);
  expect((await provider.diff("PreAuthKey", key, args)).changed).toEqual([]);
  expect(await provider.diff("PreAuthKey", key, { ...args, tags: ["tag:router"] })).toEqual({
    changed: ["tags"],
    replaces: ["tags"],
    deleteBeforeReplace: false,
    detailed: { tags: "UPDATE_REPLACE" },
  });
  const imported = await provider.import("PreAuthKey", key.id);
  expect(imported).toMatchObject({ inputs: { tags: ["tag:ci"], expiresAt: key.outputs["expiresAt"] } });
  expect(imported?.outputs["key"]).toMatch(/^hskey-auth-[\w-]{12}-\*\*\*$/);
  await provider.delete("PreAuthKey", key);
  expect(await provider.drift("PreAuthKey", key)).toBe("gone");
  await provider.delete("PreAuthKey", key);
});

test("of a user, or of a user that is not there", async () => {
  const user = await provider.create("User", { name: "keyed" });
  const key = await provider.create("PreAuthKey", { user: user.id, expiration: "1 hours" }, "keyed");
  expect(await provider.drift("PreAuthKey", key)).toEqual([]);
  expect(await messageOf(provider.create("PreAuthKey", { user: "4711", expiration: "1 hours" }))).toBe(
    "creating a pre-auth key: the Headscale server refused: user not found (HTTP 500). Somebody deleted the user on the " +
      "server; `pulumi refresh` shows it, and the next run makes it anew.",
  );
});

test("expired or deleted by hand is seen, and made anew", async () => {
  const key = await provider.create("PreAuthKey", args, "drifting");
  await hub.byHand("POST", "preauthkey/expire", { id: key.id });
  expect(await provider.drift("PreAuthKey", key)).toEqual(["expiresAt"]);
  const seen = await existing(key);
  expect((await provider.diff("PreAuthKey", seen, args, "drifting")).replaces).toEqual(["expiresAt"]);
  await hub.byHand("DELETE", `preauthkey?id=${key.id}`);
  expect(await provider.drift("PreAuthKey", key)).toBe("gone");
});

test("one whose maker died is revoked when the next is made; others are left alone", async () => {
  const other = await provider.create("PreAuthKey", args, "bystander");
  const orphan = await provider.create("PreAuthKey", args, "again");
  const again = await provider.create("PreAuthKey", args, "again");
  expect(await provider.drift("PreAuthKey", orphan)).toBe("gone");
  expect(await provider.drift("PreAuthKey", again)).toEqual([]);
  expect(await provider.drift("PreAuthKey", other)).toEqual([]);
});

test("an unused key is renewed before its end; a single-use key that was used is not, and its end is no drift", async () => {
  const unused = await provider.create("PreAuthKey", args, "unused");
  const used = await provider.create("PreAuthKey", args, "used");
  await join("worker", used);
  later(18.1);
  expect((await provider.diff("PreAuthKey", unused, args, "unused")).detailed).toEqual({ expiresAt: "UPDATE_REPLACE" });
  expect((await provider.diff("PreAuthKey", used, args, "used")).changed).toEqual([]);
  const renewed = await provider.create("PreAuthKey", args, "unused");
  expect((await provider.diff("PreAuthKey", renewed, args, "unused")).changed).toEqual([]);
  await hub.byHand("POST", "preauthkey/expire", { id: used.id });
  expect(await provider.drift("PreAuthKey", used)).toEqual([]);
  expect((await provider.diff("PreAuthKey", used, args, "used")).changed).toEqual([]);
});

test("renewing a key leaves the machines that joined with it as they are, ephemeral ones too", async () => {
  const reusable = { ...args, reusable: true, ephemeral: true };
  const old = await provider.create("PreAuthKey", reusable, "runners");
  await join("runner-1", old);
  later(18.1);
  expect((await provider.diff("PreAuthKey", old, reusable, "runners")).changed).toEqual(["expiresAt"]);
  const renewed = await provider.create("PreAuthKey", reusable, "runners");
  await provider.delete("PreAuthKey", old, "runners");
  expect(await hub.node("runner-1")).toMatchObject({ online: true, preAuthKey: { id: old.id, ephemeral: true } });
  expect(await messageOf(join("runner-2", old))).toMatch(/authkey expired/);
  await join("runner-2", renewed);
  const runners = await provider.nodes({ tag: "tag:ci" });
  expect(runners).toContainEqual(expect.objectContaining({ name: "runner-1", ephemeral: true, online: true }));
  expect(runners).toContainEqual(expect.objectContaining({ name: "runner-2", ephemeral: true, online: true }));
  leave();
  await hub.stop();
  await hub.start();
  expect(await hub.node("runner-1")).toMatchObject({ preAuthKey: { id: old.id, ephemeral: true } });
});

test("a node that joins with its key has its tags and its routes: no change is left", async () => {
  const routes = ["0.0.0.0/0", "10.42.0.0/24", "::/0"];
  const tags = await provider.create("NodeTags", { node: "router", tags: ["tag:router"] });
  const approval = await provider.create("RouteApproval", { node: "router", routes });
  const key = await provider.create("PreAuthKey", { tags: ["tag:router"], expiration: "1 hours" }, "router");
  joined.push(
    await ProtocolNode.join({ url: hub.running.url, hostname: "router", authKey: textOf(key, "key"), routes }),
  );
  expect(await hub.node("router")).toMatchObject({ tags: ["tag:router"], approvedRoutes: routes });
  expect(await provider.drift("NodeTags", tags)).toEqual([]);
  expect(await provider.drift("RouteApproval", approval)).toEqual([]);
  const node = await hub.node("router");
  await hub.byHand("POST", `node/${node?.id ?? ""}/approve_routes`, { routes: [] });
  expect(await provider.drift("RouteApproval", approval)).toEqual(["routes"]);
});

function leave(): void {
  for (const node of joined.splice(0)) node.close();
}

async function join(hostname: string, key: Resource): Promise<void> {
  joined.push(await ProtocolNode.join({ url: hub.running.url, hostname, authKey: textOf(key, "key") }));
}

async function existing(old: Resource): Promise<Resource> {
  const found = await provider.read("PreAuthKey", old);
  if (found === undefined) throw new Error("it is gone");
  return found;
}

/** The provider's clock, so many hours on; the server's own and all timers go on as they are. */
function later(hours: number): void {
  const timers = [
    "nextTick",
    "setImmediate",
    "setTimeout",
    "setInterval",
    "clearImmediate",
    "clearTimeout",
    "clearInterval",
  ] as const;
  jest.useFakeTimers({
    now: Date.now() + hours * 3_600_000,
    doNotFake: [...timers, "queueMicrotask", "performance", "hrtime"],
  });
}
