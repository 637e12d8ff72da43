import { Hub, messageOf } from "./support";
import type { WireProvider } from "./wire";

// What it can't prove: nodes that join with a key and offer routes. Those are real clients, in keys.test.ts.

const hub = new Hub();
let provider: WireProvider;

beforeAll(async () => {
  await hub.start();
  provider = await hub.provider();
  await provider.create("User", { name: "ada" });
  const policy = { tagOwners: { "tag:web": ["ada@"], "tag:ci": ["ada@"] }, acls: [] };
  await provider.create("Policy", { policy: JSON.stringify(policy) });
}, 60_000);
afterAll(() => hub.remove());

describe.each<["NodeTags" | "RouteApproval", "tags" | "routes", string[], string[]]>([
  ["NodeTags", "tags", ["tag:ci", "tag:web"], ["tag:ci"]],
  ["RouteApproval", "routes", ["10.1.0.0/24", "fd00:1::/64"], ["10.1.0.0/24"]],
])("%s", (type, property, values, fewer) => {
  test("waits for a node that has not joined, and is set when it has", async () => {
    const name = `late-${property}`;
    const args = { node: name, [property]: [...values].reverse() };
    const waiting = await provider.create(type, args);
    expect(waiting.outputs).toEqual({ node: name, [property]: values });
    expect(await provider.drift(type, waiting)).toEqual([]);
    expect(await provider.import(type, name)).toBeUndefined();
    await hub.join(name, "ada");
    expect(await provider.drift(type, waiting)).toEqual([property]);
    const set = await provider.update(type, waiting, args);
    expect(await provider.drift(type, set)).toEqual([]);
    expect((await provider.diff(type, set, args)).changed).toEqual([]);
    expect(await provider.import(type, name)).toMatchObject({ id: name, inputs: { node: name, [property]: values } });
  });

  test("changed by hand is seen and mended; a node that is removed is one that has not joined", async () => {
    const name = `hand-${property}`;
    const node = await hub.join(name, "ada");
    const made = await provider.create(type, { node: name, [property]: values });
    expect(await provider.diff(type, made, { node: name, [property]: fewer })).toMatchObject({
      detailed: { [property]: "UPDATE" },
    });
    await byHand(node, fewer);
    expect(await provider.drift(type, made)).toEqual([property]);
    await provider.update(type, made, { node: name, [property]: values });
    expect(await provider.drift(type, made)).toEqual([]);
    await hub.byHand("DELETE", `node/${node}`);
    expect(await provider.drift(type, made)).toEqual([]);
    await provider.delete(type, made);
  });

  const byHand = (node: string, those: readonly string[]): Promise<unknown> =>
    hub.byHand("POST", `node/${node}/${property === "tags" ? "tags" : "approve_routes"}`, { [property]: those });
});

test("another node is another resource", async () => {
  const made = await provider.create("NodeTags", { node: "one", tags: ["tag:ci"] });
  expect(await provider.diff("NodeTags", made, { node: "two", tags: ["tag:ci"] })).toMatchObject({
    detailed: { node: "UPDATE_REPLACE" },
  });
});

test("deleting an approval takes it back, deleting tags leaves them", async () => {
  await hub.join("leaver", "ada");
  const tags = await provider.create("NodeTags", { node: "leaver", tags: ["tag:ci"] });
  const routes = await provider.create("RouteApproval", { node: "leaver", routes: ["0.0.0.0/0"] });
  expect(routes.outputs["routes"]).toEqual(["0.0.0.0/0", "::/0"]);
  expect(await provider.drift("RouteApproval", routes)).toEqual([]);
  await provider.delete("NodeTags", tags);
  await provider.delete("RouteApproval", routes);
  expect(await provider.import("NodeTags", "leaver")).toMatchObject({ inputs: { tags: ["tag:ci"] } });
  expect(await provider.import("RouteApproval", "leaver")).toMatchObject({ inputs: { routes: [] } });
});

test("a tag that the policy does not know is refused in words that help", async () => {
  await hub.join("stranger", "ada");
  expect(await messageOf(provider.create("NodeTags", { node: "stranger", tags: ["tag:nobody"] }))).toMatch(
    /^setting the tags of node \d+: the Headscale server refused: requested tags \[tag:nobody\] are invalid or not permitted \(HTTP 400\)\. The policy in force does not know them: add them to its "tagOwners" first\.$/,
  );
});

describe("getNodes", () => {
  test("lists what the server has, all or by user or tag, and says what it cannot look for", async () => {
    await provider.create("User", { name: "bob" });
    const mine = await hub.join("mine", "bob");
    await hub.join("theirs", "bob");
    await provider.create("NodeTags", { node: "theirs", tags: ["tag:web"] });
    const names = async (args: Record<string, string>): Promise<unknown[]> =>
      (await provider.nodes(args)).map(({ name }) => name);
    expect(await names({ user: "bob" })).toEqual(["mine"]);
    const web = await names({ tag: "tag:web" });
    expect([web.includes("theirs"), web.includes("mine")]).toEqual([true, false]);
    expect(await names({})).toEqual(expect.arrayContaining(["mine", "theirs"]));
    expect(await names({ user: "nobody" })).toEqual([]);
    const bob = await provider.import("User", "bob");
    await hub.byHand("POST", `user/${bob?.id ?? ""}/rename/robert`);
    expect(await names({ user: "bob" })).toEqual([]);
    expect(await names({ user: "robert" })).toEqual(["mine"]);
    await hub.byHand("POST", `user/${bob?.id ?? ""}/rename/bob`);
    const [bobs] = await provider.nodes({ user: "bob" });
    const { addresses, lastSeen, ...plain } = bobs ?? {};
    expect(plain).toEqual({
      ...{ id: mine, name: "mine", hostname: "mine", user: "bob", tags: [], online: false, ephemeral: false },
      ...{ approvedRoutes: [], availableRoutes: [] },
    });
    const theirs = (await provider.nodes({ tag: "tag:web" })).find(({ name }) => name === "theirs");
    expect(Object.keys(theirs ?? {})).not.toContain("user");
    expect(addresses).toEqual([expect.stringMatching(/^100\.64\.0\.\d+$/), expect.stringMatching(/^fd7a:115c:a1e0::/)]);
    expect(lastSeen).toMatch(/^20\d\d-.*Z$/);
    expect(await messageOf(provider.invoke("getNodes", { tag: "web", who: "x" }))).toBe(
      'tag: "web" is no tag; write "tag:" and lower-case letters, digits and "-", for example "tag:ci"\n' +
        "who: unknown property; allowed are user, tag",
    );
    expect(await messageOf(provider.invoke("getNode", {}))).toBe(
      "headscale:index:getNode is no function of this provider; it has headscale:index:getNodes",
    );
  });
});
