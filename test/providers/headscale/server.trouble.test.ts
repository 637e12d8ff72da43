import type { HeadscaleApi } from "../../../providers/headscale/backends/api";
import { headscale } from "../../../providers/headscale/provider";
import { Engine, messageOf } from "../support";

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

describe("a server that does not answer as it should", () => {
  const type = "headscale:index:User";
  const bad = { status: 503, body: "<html>down</html>" };

  test("reads are tried again, within a bound", async () => {
    const alice = await engine.create(type, { name: "alice" });
    server.requests();
    server.script.push(bad, "drop");
    expect(await engine.drift(type, alice)).toEqual([]);
    expect(server.requests()).toHaveLength(3);
    server.script.push(bad, bad, bad, bad);
    expect(await messageOf(engine.read(type, alice))).toBe(
      `listing the users: ${endpoint} answered HTTP 503, and not as Headscale does; is a proxy in between?`,
    );
  });

  test("what may have been made is not made again", async () => {
    server.script.push({ status: 200, body: { users: [] } }, "drop");
    expect(await messageOf(engine.create(type, { name: "alice" }))).toMatch(
      /^creating the user alice: the Headscale server /,
    );
    expect(server.requests()).toEqual(["GET /api/v1/user", "POST /api/v1/user"]);
  });

  const users = { status: 200, body: { users: [] } };
  const goingDown = { status: 503, body: { code: 14, message: "transport is closing", details: [] } };
  test.each([
    ["a proxy that has nobody to pass it to", bad, 2],
    ["a proxy that has too much to do", { status: 429, body: "slow down" }, 2],
    ["a proxy that lost the answer", { status: 502, body: "<html>bad gateway</html>" }, 1],
    ["a server that goes down at work", goingDown, 1],
  ])("a making that meets %s", async (_who, answer, posts) => {
    server.script.push(users, answer);
    await messageOf(engine.create(type, { name: "alice" }));
    expect(server.requests().filter((request) => request.startsWith("POST"))).toHaveLength(posts);
  });

  test("unreachable is an error, never deleted", async () => {
    const alice = await engine.create(type, { name: "alice" });
    await server.stop();
    expect(await messageOf(engine.read(type, alice))).toBe(
      `listing the users: the Headscale server ${endpoint} could not be reached (ECONNREFUSED). ` +
        "Is it running, and can this machine reach it? Nothing is taken for deleted.",
    );
  });

  test("a certificate that is not trusted is named as the cause, and not tried again", async () => {
    const cause = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const fetched = jest.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed", { cause }));
    const message = await messageOf(engine.create(type, { name: "alice" }));
    expect(fetched).toHaveBeenCalledTimes(1);
    fetched.mockRestore();
    expect(message).toBe(
      `asking for the version: the certificate of the Headscale server ${endpoint} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT). ` +
        "If an authority of your own signed it, name its file in NODE_EXTRA_CA_CERTS. Nothing is taken for deleted.",
    );
  });

  test("a proxy's 404 is an error, too", async () => {
    const made = await engine.create("headscale:index:Policy", { policy: '{"acls": []}' });
    server.script.push({ status: 404, body: "404 page not found" });
    expect(await messageOf(engine.read("headscale:index:Policy", made))).toBe(
      `reading the policy: ${endpoint} answered HTTP 404, and not as Headscale does; is a proxy in between?`,
    );
  });

  test("an answer of another shape is an error", async () => {
    server.script.push({ status: 200, body: { people: [] } });
    expect(await messageOf(engine.create(type, { name: "alice" }))).toBe(
      "listing the users: the answer of the Headscale server is not what 0.29 sends " +
        "(users: Invalid input: expected array, received undefined)",
    );
  });

  test("a key it does not accept is not said aloud", async () => {
    const wrong = new Engine(headscale, { endpoint, apiKey: "wrong-key-1234" });
    const message = await messageOf(wrong.create(type, { name: "alice" }));
    expect(message).toBe(
      `listing the users: the Headscale server ${endpoint} does not accept the API key (HTTP 401): it is wrong, has ` +
        "expired or was deleted. Make a new one on the server with `headscale apikeys create` and set it as the provider's apiKey.",
    );
  });

  test("errors in the form of 0.30 are understood", async () => {
    server.script.push({
      status: 409,
      body: { title: "Conflict", detail: "user not empty: node(s) found", status: 409 },
    });
    expect(await messageOf(engine.create(type, { name: "alice" }))).toBe(
      "listing the users: the Headscale server refused: user not empty: node(s) found (HTTP 409). Machines still belong to " +
        "the user. Remove them (`headscale nodes delete`) or give them tags, then run again.",
    );
  });
});

test("a user of the identity provider is neither taken over nor renamed", async () => {
  const type = "headscale:index:User";
  const alice = await engine.create(type, { name: "alice" });
  Object.assign(server.users.get(alice.id) ?? {}, { providerId: "https://id.example.org/7" });
  expect(await messageOf(engine.create(type, { name: "alice" }))).toBe(
    "The Headscale user alice exists already, made by the identity provider. Take it over with " +
      `\`pulumi import headscale:index:User <name> ${alice.id}\`, or choose another name.`,
  );
  server.script.push({ status: 500, body: { code: 2, message: "cannot edit OIDC user", details: [] } });
  expect(await messageOf(engine.update(type, alice, { name: "bob" }))).toBe(
    `renaming user ${alice.id} to bob: the Headscale server refused: cannot edit OIDC user (HTTP 500). Its name comes from ` +
      "the identity provider: change it there.",
  );
});

describe("versions", () => {
  test.each([
    [undefined, "The server has no page /version: it is no Headscale, or one that is too old. It works with 0.29.x."],
    ["v0.26.1", "Headscale v0.26.1 is not supported by this provider. It works with 0.29.x."],
    ["v0.27.1", "Headscale v0.27.1 is not supported by this provider. It works with 0.29.x."],
    ["v0.28.0", "Headscale v0.28.0 is not supported by this provider. It works with 0.29.x."],
    ["v0.30.0-beta.1", "Headscale v0.30.0-beta.1 is not supported by this provider. It works with 0.29.x."],
    [
      "dev",
      'The Headscale server does not say its version (it says "dev"). Set the provider\'s assumeVersion to the release it was built from. It works with 0.29.x.',
    ],
  ])("%s is refused before anything else is asked", async (version, expected) => {
    server.version = version;
    expect(await messageOf(engine.create("headscale:index:User", { name: "alice" }))).toBe(expected);
    expect(server.requests()).toEqual([]);
  });

  test("a build without a version is taken at the user's word", async () => {
    server.version = "dev";
    const trusting = new Engine(headscale, { endpoint, apiKey: server.key, assumeVersion: "0.29.1" });
    expect(await trusting.create("headscale:index:User", { name: "alice" })).toMatchObject({ id: "1" });
  });

  test("the user's word is held to the same, and counts for nothing against the server's", async () => {
    const asked = async (said: string): Promise<string> => {
      server.version = said;
      const engineOf = new Engine(headscale, { endpoint, apiKey: server.key, assumeVersion: "0.30.0" });
      return messageOf(engineOf.create("headscale:index:User", { name: "alice" }));
    };
    expect(await asked("dev")).toBe("Headscale 0.30.0 is not supported by this provider. It works with 0.29.x.");
    expect(await asked("v0.29.0")).toBe("no error");
  });
});
