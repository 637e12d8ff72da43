import { Hub, messageOf } from "./support";
import { textOf, type WireProvider } from "./wire";

const hub = new Hub();
let provider: WireProvider;

beforeAll(async () => {
  await hub.start();
  provider = await hub.provider();
}, 60_000);
afterAll(() => hub.remove());

describe("User", () => {
  test("lives from create to delete; a refresh and a second run see no change", async () => {
    const args = { name: "alice", displayName: "Alice", email: "alice@example.org" };
    const alice = await provider.create("User", args);
    expect(alice.outputs).toEqual(args);
    expect([...alice.secrets]).toEqual([]);
    expect(await provider.drift("User", alice)).toEqual([]);
    expect((await provider.diff("User", alice, args)).changed).toEqual([]);
    expect(await provider.diff("User", alice, { ...args, name: "a.b@c" })).toEqual({
      changed: ["name"],
      replaces: [],
      deleteBeforeReplace: true,
      detailed: { name: "UPDATE" },
    });
    const renamed = await provider.update("User", alice, { ...args, name: "a.b@c" });
    expect(await provider.drift("User", renamed)).toEqual([]);
    expect(await provider.diff("User", renamed, { name: "a.b@c", displayName: "Alice" })).toEqual({
      changed: ["email"],
      replaces: ["email"],
      deleteBeforeReplace: true,
      detailed: { email: "UPDATE_REPLACE" },
    });
    expect(await provider.import("User", alice.id)).toMatchObject({ id: alice.id, inputs: { name: "a.b@c" } });
    expect(await provider.import("User", "a.b@c")).toMatchObject({ id: alice.id });
    expect(await provider.import("User", "nobody")).toBeUndefined();
    await provider.delete("User", renamed);
    expect(await provider.drift("User", renamed)).toBe("gone");
    await provider.delete("User", renamed);
  });

  test("renamed or deleted by hand is seen, and mended", async () => {
    const user = await provider.create("User", { name: "renata" });
    await hub.byHand("POST", `user/${user.id}/rename/renate`);
    expect(await provider.drift("User", user)).toEqual(["name"]);
    const seen = await provider.read("User", user);
    if (seen === undefined) throw new Error("it is gone");
    expect((await provider.diff("User", seen, { name: "renata" })).changed).toEqual(["name"]);
    const mended = await provider.update("User", seen, { name: "renata" });
    expect(await provider.drift("User", mended)).toEqual([]);
    await hub.byHand("DELETE", `user/${user.id}`);
    expect(await provider.drift("User", mended)).toBe("gone");
  });

  test("one that a killed run left is taken over; another of the name is not, and an import remedies it", async () => {
    const first = await provider.create("User", { name: "twice" });
    expect(await provider.create("User", { name: "twice" })).toMatchObject({ id: first.id });
    expect(await messageOf(provider.create("User", { name: "twice", email: "t@example.org" }))).toBe(
      "The Headscale user twice exists already, with another displayName or email. Take it over with " +
        `\`pulumi import headscale:index:User <name> ${first.id}\`, or choose another name.`,
    );
  });

  test("one that machines belong to is not deleted, in words that help", async () => {
    const owner = await provider.create("User", { name: "owner" });
    const node = await hub.join("owned", "owner");
    expect(await messageOf(provider.delete("User", owner))).toBe(
      `deleting user ${owner.id}: the Headscale server refused: user not empty: node(s) found (HTTP 500). Machines still ` +
        "belong to the user. Remove them (`headscale nodes delete`) or give them tags, then run again.",
    );
    await hub.byHand("DELETE", `node/${node}`);
    await provider.delete("User", owner);
    expect(await provider.drift("User", owner)).toBe("gone");
  });

  test("a new name that is taken is refused in words that help", async () => {
    await provider.create("User", { name: "taken" });
    const other = await provider.create("User", { name: "other" });
    expect(await messageOf(provider.update("User", other, { name: "taken" }))).toBe(
      `renaming user ${other.id} to taken: the Headscale server refused: updating user: constraint failed: UNIQUE ` +
        "constraint failed: users.name (2067) (HTTP 500). There is one of this name already: choose another name, or " +
        "remove that user.",
    );
  });
});

describe("ApiKey", () => {
  const args = { expiration: "90 days" } as const;

  test("lives from create to delete; it opens the API, and travels as a secret only", async () => {
    const key = await provider.create("ApiKey", args);
    expect([...key.secrets]).toEqual(["key"]);
    const user = await (await hub.provider({ apiKey: textOf(key, "key") })).create("User", { name: "bykey" });
    expect(user.outputs).toMatchObject({ name: "bykey" });
    expect(await provider.drift("ApiKey", key)).toEqual([]);
    expect((await provider.diff("ApiKey", key, args)).changed).toEqual([]);
    expect(await provider.diff("ApiKey", key, { expiration: "30 days" })).toMatchObject({
      replaces: ["expiration", "expiresAt"],
      deleteBeforeReplace: false,
    });
    expect(await provider.import("ApiKey", key.id)).toMatchObject({
      outputs: { prefix: key.outputs["prefix"], key: `hskey-api-${textOf(key, "prefix")}-***` },
    });
    await provider.delete("ApiKey", key);
    expect(await provider.drift("ApiKey", key)).toBe("gone");
    await provider.delete("ApiKey", key);
  });

  test("renewing it leaves the old one valid until those who use it have the new one", async () => {
    const old = await provider.create("ApiKey", args, "renewed");
    const user = await hub.provider({ apiKey: textOf(old, "key") });
    const renewed = await provider.create("ApiKey", args, "renewed");
    expect(await user.drift("ApiKey", renewed)).toEqual([]);
    await provider.delete("ApiKey", old, "renewed");
    expect(await messageOf(user.read("ApiKey", renewed))).toBe(
      `listing the API keys: the Headscale server ${hub.running.url} does not accept the API key (HTTP 401): it is wrong, ` +
        "has expired or was deleted. Make a new one on the server with `headscale apikeys create` and set it as the provider's apiKey.",
    );
    expect(await provider.drift("ApiKey", renewed)).toEqual([]);
  });

  test("expired or deleted by hand is seen, and made anew", async () => {
    const key = await provider.create("ApiKey", args, "drifting");
    await hub.byHand("POST", "apikey/expire", { id: key.id });
    expect(await provider.drift("ApiKey", key, "drifting")).toEqual(["expiresAt"]);
    const seen = await provider.read("ApiKey", key, "drifting");
    if (seen === undefined) throw new Error("it is gone");
    expect((await provider.diff("ApiKey", seen, args, "drifting")).replaces).toEqual(["expiresAt"]);
    await hub.byHand("DELETE", `apikey/${textOf(key, "prefix")}`);
    expect(await provider.drift("ApiKey", key, "drifting")).toBe("gone");
  });
});
