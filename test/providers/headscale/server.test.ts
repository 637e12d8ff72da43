import type { HeadscaleApi } from "../../../providers/headscale/backends/api";
import { headscale } from "../../../providers/headscale/provider";
import { Engine, messageOf, text } from "../support";

import { FakeServer } from "./fakeServer";

// What it can't prove: that a real Headscale answers as the fake one does. That is proven in test/tailnet/provider.

let server: FakeServer;
let endpoint: string;
let engine: Engine<HeadscaleApi>;

beforeEach(async () => {
  server = new FakeServer();
  endpoint = await server.start();
  engine = new Engine(headscale, { endpoint, apiKey: server.key });
});
afterEach(() => server.stop());

test("User lives from create to delete", async () => {
  const type = "headscale:index:User";
  const alice = await engine.create(type, { name: "alice", email: "alice@example.org" });
  expect(alice).toMatchObject({ id: "1", outputs: { name: "alice", displayName: "", email: "alice@example.org" } });
  expect(await engine.drift(type, alice)).toEqual([]);
  set(server.users.get("1"), { displayName: "Eve" });
  expect(await engine.drift(type, alice)).toEqual(["displayName"]);
  await engine.update(type, alice, { name: "a.b@c", email: "alice@example.org" });
  expect(server.users.get("1")).toMatchObject({ name: "a.b%40c" });
  await engine.delete(type, alice);
  expect(await engine.drift(type, alice)).toBe("gone");
  await engine.delete(type, alice);
  expect(server.requests()).toEqual([
    ...["GET /api/v1/user", "POST /api/v1/user", "GET /api/v1/user", "GET /api/v1/user"],
    ...["POST /api/v1/user/1/rename/a.b%40c", "DELETE /api/v1/user/1", "GET /api/v1/user", "DELETE /api/v1/user/1"],
  ]);
});

describe("PreAuthKey", () => {
  const type = "headscale:index:PreAuthKey";
  const args = { tags: ["tag:ci"], expiration: "24 hours" };

  test("lives from create to delete; the whole key is kept, whatever the server shows later", async () => {
    const key = await engine.create(type, args);
    expect(server.seen.find(({ method }) => method === "POST")?.body).toEqual({
      ...{ reusable: false, ephemeral: false, aclTags: ["tag:ci"], expiration: key.outputs["expiresAt"] },
    });
    expect(key.outputs["key"]).toBe(`hskey-auth-1-${"s".repeat(64)}`);
    expect([...key.secrets]).toEqual(["key"]);
    expect(await engine.drift(type, key)).toEqual([]);
    set(server.keys.get("1"), { expiration: "2020-01-01T00:00:00Z" });
    expect(await engine.drift(type, key)).toEqual(["expiresAt"]);
    expect(await engine.import(type, "1")).toMatchObject({ outputs: { key: "hskey-auth-1-***", tags: ["tag:ci"] } });
    await engine.delete(type, key);
    expect(await engine.drift(type, key)).toBe("gone");
    await engine.delete(type, key);
  });

  test("the server may write the same moment in another way", async () => {
    const key = await engine.create(type, args);
    set(server.keys.get("1"), { expiration: text(key, "expiresAt").replace("Z", "000Z") });
    expect(await engine.drift(type, key)).toEqual([]);
  });

  test("one of a user has the user's id", async () => {
    const alice = await engine.create("headscale:index:User", { name: "alice" });
    const key = await engine.create(type, { user: alice.id, expiration: "1 days" });
    expect(await engine.drift(type, key)).toEqual([]);
    expect(key.outputs).toMatchObject({ user: "1", tags: [] });
  });

  test("a key whose maker died is revoked before the next is made", async () => {
    await engine.create(type, args);
    await engine.create(type, args);
    expect([...server.keys.keys()]).toEqual(["2"]);
  });
});

describe("Policy", () => {
  const type = "headscale:index:Policy";
  const policy = '{"acls": []}';

  test("is checked, set, read back; deleting it leaves it in force", async () => {
    const made = await engine.create(type, { policy });
    expect(server.requests()).toEqual([
      ...["GET /api/v1/policy", "POST /api/v1/policy/check", "PUT /api/v1/policy", "GET /api/v1/policy"],
    ]);
    server.policy = '// by hand\n{"acls": [],}';
    expect(await engine.drift(type, made)).toEqual([]);
    server.policy = '{"acls": [{"action": "accept", "src": ["a@"], "dst": ["b@:22"]}]}';
    expect(await engine.drift(type, made)).toEqual(["policy"]);
    server.requests();
    await engine.delete(type, made);
    expect(server.requests()).toEqual([]);
    server.policy = undefined;
    expect(await engine.drift(type, made)).toBe("gone");
  });

  test("one that the server would not take is not set, with the server's reason", async () => {
    server.refusal = "test(s) failed: tag:ci cannot reach tag:web:443";
    expect(await messageOf(engine.create(type, { policy }))).toBe(
      "checking the policy: the Headscale server refused: test(s) failed: tag:ci cannot reach tag:web:443 (HTTP 400)",
    );
    expect(server.policy).toBeUndefined();
  });

  test("one that is not there after it was set is an error", async () => {
    server.script.push(
      { status: 200, body: { policy: "" } },
      { status: 200, body: {} },
      { status: 200, body: {} },
      { status: 200, body: { policy: '{"acls":[1]}' } },
    );
    expect(await messageOf(engine.create(type, { policy }))).toBe(
      "The Headscale server took the policy, but what it has now is another one: somebody else sets it too, or its database " +
        "could not be written. Look at the server's log, then run again.",
    );
  });
});

describe.each([
  ["NodeTags", "tags", ["tag:a"], ["tag:b"], "tags"],
  ["RouteApproval", "routes", ["10.0.0.0/24"], ["10.1.0.0/24"], "approvedRoutes"],
])("%s", (kind, property, values, others, ofNode) => {
  const type = `headscale:index:${kind}`;

  test("of a node that has joined lives from create to update", async () => {
    server.nodes.set("7", { id: "7", givenName: "docker", name: "x", tags: [], approvedRoutes: [] });
    const made = await engine.create(type, { node: "docker", [property]: values });
    expect(server.nodes.get("7")).toMatchObject({ [ofNode]: values });
    expect(await engine.drift(type, made)).toEqual([]);
    set(server.nodes.get("7"), { [ofNode]: others });
    expect(await engine.drift(type, made)).toEqual([property]);
    expect(await engine.import(type, "docker")).toMatchObject({ inputs: { [property]: others } });
    await engine.update(type, made, { node: "docker", [property]: values });
    expect(server.nodes.get("7")).toMatchObject({ [ofNode]: values });
    await engine.delete(type, made);
    expect(server.nodes.get("7")).toMatchObject({ [ofNode]: kind === "NodeTags" ? values : [] });
  });

  test("of a node that has not joined is neither gone nor changed; importing it is nothing", async () => {
    const made = await engine.create(type, { node: "docker", [property]: values });
    expect(await engine.drift(type, made)).toEqual([]);
    expect(await engine.import(type, "docker")).toBeUndefined();
    await engine.delete(type, made);
  });

  test("of two nodes of one name is an error", async () => {
    for (const id of ["7", "8"]) server.nodes.set(id, { id, givenName: "docker", tags: [], approvedRoutes: [] });
    expect(await messageOf(engine.create(type, { node: "docker", [property]: values }))).toBe(
      "The Headscale server has 2 nodes named docker; rename or remove all but one.",
    );
  });
});

test("ApiKey lives from create to delete", async () => {
  const type = "headscale:index:ApiKey";
  const key = await engine.create(type, { expiration: "90 days" });
  expect(key.outputs).toMatchObject({ prefix: "abcdefghij01", key: `hskey-api-abcdefghij01-${"s".repeat(64)}` });
  expect([...key.secrets]).toEqual(["key"]);
  expect(await engine.drift(type, key)).toEqual([]);
  expect(await engine.import(type, "1")).toMatchObject({ outputs: { key: "hskey-api-abcdefghij01-***" } });
  server.requests();
  await engine.delete(type, key);
  expect(server.requests()).toEqual(["GET /api/v1/apikey", "DELETE /api/v1/apikey/abcdefghij01"]);
  expect(await engine.drift(type, key)).toBe("gone");
});

/** A change on the server, behind the program's back. */
function set(object: Record<string, unknown> | undefined, values: object): void {
  if (object === undefined) throw new Error("there is no such object");
  Object.assign(object, values);
}
