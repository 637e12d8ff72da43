import type { HeadscaleApi } from "../../../providers/headscale/backends/api";
import { headscale } from "../../../providers/headscale/provider";
import { Engine, messageOf } from "../support";

import { FakeServer } from "./fakeServer";

// What it can't prove: that a real Headscale answers as the fake one does. The fake follows the sources of 0.29.1; the real
// server comes with the lab.

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
    server.script.push(bad, bad, bad);
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

  test("unreachable is an error, never deleted", async () => {
    const alice = await engine.create(type, { name: "alice" });
    await server.stop();
    expect(await messageOf(engine.read(type, alice))).toBe(
      `listing the users: the Headscale server ${endpoint} could not be reached (ECONNREFUSED). ` +
        "Is it running, and can this machine reach it? Nothing is taken for deleted.",
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
      `listing the users: the Headscale server ${endpoint} does not accept the API key (HTTP 401). ` +
        "Make a new one on the server with `headscale apikeys create` and set it as the provider's apiKey.",
    );
  });

  test("errors in the form of 0.30 are understood", async () => {
    server.script.push({
      status: 409,
      body: { title: "Conflict", detail: "user not empty: node(s) found", status: 409 },
    });
    expect(await messageOf(engine.create(type, { name: "alice" }))).toBe(
      "listing the users: the Headscale server refused: user not empty: node(s) found (HTTP 409)",
    );
  });
});

describe("versions", () => {
  test.each([
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
});
