import { Hub, messageOf } from "./support";
import type { WireProvider } from "./wire";

const hub = new Hub();
let provider: WireProvider;

const open = '{"acls": [{"action": "accept", "src": ["eve@"], "dst": ["*:22"]}]}';
const policyOf = (...ports: number[]): string =>
  JSON.stringify({
    tagOwners: { "tag:web": ["ada@"], "tag:ci": ["ada@"] },
    acls: ports.map((port) => ({ action: "accept", src: ["tag:ci"], dst: [`tag:web:${port}`] })),
  });
const live = (): Promise<unknown> => hub.byHand("GET", "policy");

beforeAll(async () => {
  await hub.start();
  provider = await hub.provider();
  await provider.create("User", { name: "ada" });
}, 60_000);
afterAll(() => hub.remove());

test("a hub without a policy has none to read or import", async () => {
  expect(await provider.import("Policy", "policy")).toBeUndefined();
});

test("one the server would not take is never set, and the server says why", async () => {
  const refused = async (policy: object): Promise<string> =>
    messageOf(provider.create("Policy", { policy: JSON.stringify(policy) }));
  expect(await refused({ acls: [{ action: "accept", src: ["tag:a"], dst: ["tag:a:22"] }] })).toBe(
    'checking the policy: the Headscale server refused: parsing policy: multiple errors:\n\tsrc=tag not found: "tag:a"\n' +
      '\tdst="tag:a": tag not found: "tag:a" (HTTP 400). A tag must have an owner before it can be used: add it to the ' +
      'policy\'s "tagOwners".',
  );
  expect(await refused({ acls: [], colour: "red" })).toBe(
    'checking the policy: the Headscale server refused: parsing policy: unknown field: "colour" (HTTP 400)',
  );
  const tested = { acls: [], tagOwners: { "tag:ci": ["ada@"] }, tests: [{ src: "tag:ci", deny: ["10.0.0.1:22"] }] };
  expect(await refused(tested)).toBe(
    'checking the policy: the Headscale server refused: test(s) failed:\ntag:ci: source "tag:ci" resolved to no IP addresses ' +
      "(HTTP 400). A test of the policy is about machines that have not joined yet, or users without any; the server can " +
      "prove nothing about them. Leave the test out until they have joined.",
  );
  await expect(live()).rejects.toThrow("acl policy not found");
});

test("lives from create to delete; deleting it leaves it in force", async () => {
  const policy = await provider.create("Policy", { policy: policyOf(443) });
  expect(await live()).toMatchObject({ policy: policyOf(443) });
  expect(await provider.drift("Policy", policy)).toEqual([]);
  expect((await provider.diff("Policy", policy, { policy: `// web\n${policyOf(443)}` })).changed).toEqual([]);
  expect(await provider.diff("Policy", policy, { policy: policyOf(443, 80) })).toEqual({
    changed: ["policy"],
    replaces: [],
    deleteBeforeReplace: false,
    detailed: { policy: "UPDATE" },
  });
  const wider = await provider.update("Policy", policy, { policy: policyOf(443, 80) });
  expect(await live()).toMatchObject({ policy: policyOf(443, 80) });
  expect(await provider.drift("Policy", wider)).toEqual([]);
  expect(await provider.import("Policy", "policy")).toMatchObject({ inputs: { policy: policyOf(443, 80) } });
  await provider.delete("Policy", wider);
  expect(await live()).toMatchObject({ policy: policyOf(443, 80) });
});

describe("a policy that somebody else set", () => {
  test("is drift, unless it means the same", async () => {
    const policy = await managed();
    await hub.byHand("PUT", "policy", {
      policy: `// by hand\n${JSON.stringify(JSON.parse(policyOf(443)), undefined, 2)}`,
    });
    expect(await provider.drift("Policy", policy)).toEqual([]);
    await hub.byHand("PUT", "policy", { policy: open });
    expect(await provider.drift("Policy", policy)).toEqual(["policy"]);
  });

  test("is not overwritten unseen; after a refresh it is", async () => {
    const policy = await managed();
    await hub.byHand("PUT", "policy", { policy: open });
    expect(await messageOf(provider.update("Policy", policy, { policy: policyOf(80) }))).toBe(
      "Somebody changed the policy on the Headscale server since this program last looked; that policy is left in force. " +
        "`pulumi refresh` shows the change; take it into the program, or run again to replace it.",
    );
    expect(await live()).toMatchObject({ policy: open });
    const seen = await provider.read("Policy", policy);
    if (seen === undefined) throw new Error("it is gone");
    const mended = await provider.update("Policy", seen, { policy: policyOf(80) });
    expect(await provider.drift("Policy", mended)).toEqual([]);
  });

  test("is not overwritten by a first run either; an import takes it over", async () => {
    await hub.byHand("PUT", "policy", { policy: open });
    expect(await messageOf(provider.create("Policy", { policy: policyOf(80) }))).toBe(
      "The Headscale server has a policy that this program knows nothing about; it is left in force. Take it over with " +
        "`pulumi import headscale:index:Policy <name> policy`: the next run then shows what it would change, and does it.",
    );
    const taken = await provider.import("Policy", "policy");
    if (taken === undefined) throw new Error("it is gone");
    expect((await provider.update("Policy", taken, { policy: policyOf(80) })).outputs).toEqual({
      policy: policyOf(80),
    });
  });

  test("that denies everything gives way to the first one, but is left as somebody's emergency stop later", async () => {
    await hub.byHand("PUT", "policy", { policy: '{"acls":[]}' });
    const policy = await provider.create("Policy", { policy: policyOf(443) });
    await hub.byHand("PUT", "policy", { policy: '{"acls":[]}' });
    expect(await messageOf(provider.update("Policy", policy, { policy: policyOf(80) }))).toMatch(/^Somebody changed /);
  });

  test("and is empty, which opens the tailnet, is drift and mended at once", async () => {
    const policy = await managed();
    await hub.byHand("PUT", "policy", { policy: "" });
    expect(await provider.drift("Policy", policy)).toEqual(["policy"]);
    const mended = await provider.update("Policy", policy, { policy: policyOf(80) });
    expect(await live()).toMatchObject({ policy: policyOf(80) });
    expect(await provider.drift("Policy", mended)).toEqual([]);
  });
});

/** A policy that the provider has set, whatever was there before. */
async function managed(): ReturnType<WireProvider["create"]> {
  await hub.byHand("PUT", "policy", { policy: policyOf(443) });
  return provider.create("Policy", { policy: policyOf(443) });
}
