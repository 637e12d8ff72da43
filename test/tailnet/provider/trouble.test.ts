import { writeFileSync } from "node:fs";
import { createServer, request as send, type Server } from "node:http";
import { join } from "node:path";

import { Hub, messageOf, quick } from "./support";
import type { WireProvider } from "./wire";

const hub = new Hub();
let provider: WireProvider;

beforeAll(async () => {
  await hub.start();
  provider = await hub.provider();
});
afterAll(() => hub.remove());

describe("a key", () => {
  const refusal = (): string =>
    `listing the users: the Headscale server ${hub.running.url} does not accept the API key (HTTP 401): it is wrong, has ` +
    "expired or was deleted. Make a new one on the server with `headscale apikeys create` and set it as the provider's apiKey.";

  test("that is wrong is named as the cause, and not said aloud", async () => {
    const wrong = await hub.provider({ apiKey: `hskey-api-${"x".repeat(12)}-${"y".repeat(64)}` });
    expect(await messageOf(wrong.create("User", { name: "alice" }))).toBe(refusal());
    expect(await messageOf((await hub.provider({ apiKey: "nonsense" })).create("User", { name: "alice" }))).toBe(
      refusal(),
    );
  });

  test("that has expired is no sign that anything is gone", async () => {
    const apiKey = await hub.running.createApiKey("1h");
    const brief = await hub.provider({ apiKey });
    const user = await brief.create("User", { name: "brief" });
    const [, prefix = ""] = /^hskey-api-(.{12})-/.exec(apiKey) ?? [];
    await hub.byHand("POST", "apikey/expire", { prefix });
    expect(await messageOf(brief.read("User", user))).toBe(refusal());
    expect(await messageOf(brief.delete("User", user))).toBe(
      refusal().replace("listing the users", `deleting user ${user.id}`),
    );
    expect(await provider.drift("User", user)).toEqual([]);
  });
});

test("a server that goes down in the middle: everything is an error, nothing is gone; when it is back, all is as before", async () => {
  const user = await provider.create("User", { name: "before" });
  const key = await provider.create("PreAuthKey", { user: user.id, expiration: "1 hours" });
  const policy = await provider.create("Policy", { policy: '{"acls":[],"groups":{"group:a":["before@"]}}' });
  const fresh = await hub.provider();
  await hub.stop();
  const down = (doing: string): string =>
    `${doing}: the Headscale server ${hub.running.url} could not be reached (ECONNREFUSED). ` +
    "Is it running, and can this machine reach it? Nothing is taken for deleted.";
  const failures = [
    messageOf(provider.read("User", user)),
    messageOf(provider.read("PreAuthKey", key)),
    messageOf(provider.read("Policy", policy)),
    messageOf(provider.delete("User", user)),
    messageOf(provider.create("ApiKey", { expiration: "1 hours" })),
    messageOf(provider.invoke("getNodes", {})),
    messageOf(fresh.read("User", user)),
  ];
  expect(await Promise.all(failures)).toEqual([
    ...[down("listing the users"), down("listing the pre-auth keys"), down("reading the policy")],
    ...[down(`deleting user ${user.id}`), down("listing the API keys"), down("listing the users")],
    down("asking for the version"),
  ]);
  await hub.start();
  expect(await fresh.drift("User", user)).toEqual([]);
  expect(await provider.drift("User", user)).toEqual([]);
  expect(await provider.drift("PreAuthKey", key)).toEqual([]);
  expect(await provider.drift("Policy", policy)).toEqual([]);
  expect(await provider.create("User", { name: "after" })).toMatchObject({ outputs: { name: "after" } });
});

describe("a proxy that loses answers", () => {
  const seen: string[] = [];
  let proxy: Server;
  let loses = "";

  beforeAll(async () => {
    proxy = createServer((request, response) => {
      const { method = "", url = "", headers } = request;
      seen.push(`${method} ${url}`);
      const onward = send(new URL(url, hub.running.url), { method, headers }, (answer) => {
        if (`${method} ${url}` === loses) {
          loses = "";
          request.socket.destroy();
        } else {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        }
      });
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => proxy.close());

  const through = async (): Promise<WireProvider> => {
    const address = proxy.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return hub.provider({ endpoint: `http://127.0.0.1:${address.port}` });
  };

  test("what may have been made is not asked for again; the next run takes it over", async () => {
    const behind = await through();
    loses = "POST /api/v1/user";
    expect(await messageOf(behind.create("User", { name: "lost" }))).toMatch(
      /^creating the user lost: .* could not be reached/,
    );
    expect(seen).toEqual(["GET /version", "GET /api/v1/user", "POST /api/v1/user"]);
    const taken = await behind.create("User", { name: "lost" });
    expect(await provider.import("User", "lost")).toMatchObject({ id: taken.id });
  });

  test("what does the same twice is asked for again", async () => {
    const behind = await through();
    const user = await behind.create("User", { name: "twice" });
    loses = "GET /api/v1/user";
    expect(await behind.drift("User", user)).toEqual([]);
    loses = `DELETE /api/v1/user/${user.id}`;
    await behind.delete("User", user);
    expect(await provider.drift("User", user)).toBe("gone");
  });
});

test("what is no Headscale is said to be none", async () => {
  const wrong = await hub.provider({ endpoint: hub.running.metricsUrl });
  expect(await messageOf(wrong.create("User", { name: "alice" }))).toBe(
    "The server has no page /version: it is no Headscale, or one that is too old. It works with 0.29.x.",
  );
});

test("a server that takes its policy from a file is named, with the remedy; what it has can be read", async () => {
  const filed = new Hub((folder) => ({ ...quick, policy: { mode: "file", path: join(folder, "policy.json") } }));
  try {
    writeFileSync(join(filed.folder, "policy.json"), '{"acls":[]}');
    await filed.start();
    const behind = await filed.provider();
    expect(await behind.import("Policy", "policy")).toMatchObject({ inputs: { policy: '{"acls":[]}' } });
    expect(await messageOf(behind.create("Policy", { policy: '{"grants":[]}' }))).toBe(
      "setting the policy: the Headscale server refused: update is disabled for modes other than 'database' (HTTP 500). It " +
        "takes its policy from a file. Set `policy.mode: database` in its configuration and restart it, or manage the file " +
        "there and not here.",
    );
  } finally {
    await filed.remove();
  }
});
