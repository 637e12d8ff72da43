import { Secret, type PropertyMap } from "../../../lab/simulator/values";
import { Conversation, urnOf } from "./conversation";

let engine: Conversation;

async function start(packageName: string, config: PropertyMap = {}): Promise<void> {
  engine = new Conversation(packageName);
  await engine.start();
  await engine.configure(config);
}

afterEach(() => {
  engine.stop();
});

const create = (type: string, name: string, inputs: PropertyMap) => engine.create(urnOf(type, name), inputs);

describe("what a provider makes up", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;
  const host = { nodeName: "pve1", datastoreId: "local" };

  test.each<[string, PropertyMap, string | RegExp, PropertyMap]>([
    ["random:index/randomPassword:RandomPassword", { length: 24 }, "none", { lower: true }],
    ["random:index/randomUuid:RandomUuid", {}, uuid, {}],
    ["random:index/randomId:RandomId", { byteLength: 4, prefix: "p-" }, /^[\w-]{6}$/, {}],
    ["random:index/randomInteger:RandomInteger", { min: 7, max: 7 }, "7", { result: 7 }],
    [
      "command:remote:Command",
      { create: "rm -rf /", triggers: [1] },
      /^simulated/,
      { stdout: "simulated: the command was not run" },
    ],
    [
      "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
      { accountId: "a", name: "t" },
      uuid,
      { accountTag: "a", configSrc: "local", status: "inactive" },
    ],
    [
      "cloudflare:index/dnsRecord:DnsRecord",
      { zoneId: "z", name: "n", type: "CNAME", content: "c", ttl: 1 },
      /^[0-9a-f]{32}$/,
      { proxiable: true, proxied: false },
    ],
    [
      "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
      { domain: "d.example" },
      uuid,
      { selfHostedDomains: ["d.example"] },
    ],
    [
      "github:index/repository:Repository",
      { name: "genesis", visibility: "private" },
      "genesis",
      { fullName: "simulated/genesis", private: true, defaultBranch: "main" },
    ],
    ["github:index/actionsVariable:ActionsVariable", { repository: "", variableName: "V", value: "1" }, ":V", {}],
    [
      "github:index/actionsRunnerGroup:ActionsRunnerGroup",
      { name: "ci", visibility: "all" },
      /^\d+$/,
      { default: false },
    ],
    [
      "proxmoxve:download/file:File",
      { ...host, contentType: "iso", url: "https://x.example/a/b.iso" },
      "local:iso/b.iso",
      { fileName: "b.iso", verify: true },
    ],
    [
      "proxmoxve:index/fileLegacy:FileLegacy",
      { ...host, contentType: "snippets", sourceRaw: { fileName: "u.yaml", data: "12345" } },
      "local:snippets/u.yaml",
      { fileSize: 5 },
    ],
    ["proxmoxve:firewall/rulesLegacy:RulesLegacy", { nodeName: "pve1" }, "node/pve1", {}],
    ["proxmoxve:firewall/ipsetLegacy:IpsetLegacy", { name: "lan" }, "cluster/lan", {}],
    [
      "kubernetes:core/v1:Namespace",
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "demo" } },
      "demo",
      { status: { phase: "Active" } },
    ],
  ])("%s", async (type, inputs, id, outputs) => {
    await start(type.slice(0, type.indexOf(":")));
    const made = await create(type, "it", inputs);
    expect(made.id).toMatch(id instanceof RegExp ? id : new RegExp(`^${id}$`));
    expect(made.state).toMatchObject({ ...inputs, ...outputs });
    const read = await engine.read(urnOf(type, "it"), made.id, made.state, inputs);
    expect(read).toEqual({ ...made, inputs });
    expect((await engine.diff(urnOf(type, "it"), made.id, made.state, inputs, inputs)).changes).toBe(false);
    await engine.delete(urnOf(type, "it"), made.id, inputs);
    expect(engine.world.read().resources).toEqual({});
  });
});

describe("secret outputs", () => {
  test.each<[string, PropertyMap, string[]]>([
    ["random:index/randomPassword:RandomPassword", { length: 8 }, ["result", "bcryptHash"]],
    ["command:remote:Command", { connection: { host: "h", password: "p" } }, ["connection"]],
    ["cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken", { name: "n" }, ["clientSecret"]],
    ["github:index/actionsOrganizationSecret:ActionsOrganizationSecret", { secretName: "S", value: "v" }, ["value"]],
    ["kubernetes:core/v1:Secret", { metadata: { name: "s" }, stringData: { a: "b" } }, ["data", "stringData"]],
  ])("%s", async (type, inputs, secrets) => {
    await start(type.slice(0, type.indexOf(":")));
    const { state } = await create(type, "it", inputs);
    expect(
      Object.keys(state)
        .filter((key) => state[key] instanceof Secret)
        .sort(),
    ).toEqual([...secrets].sort());
  });
});

describe("random", () => {
  const type = "random:index/randomPassword:RandomPassword";
  const result = (state: PropertyMap) => (state["result"] instanceof Secret ? state["result"].value : state["result"]);

  test("repeats for the same resource and inputs, and differs otherwise", async () => {
    await start("random");
    const [first, other, kept] = [
      await create(type, "a", { length: 12 }),
      await create(type, "b", { length: 12 }),
      await create(type, "c", { length: 12, keepers: { v: "1" } }),
    ];
    const urn = urnOf(type, "a");
    await engine.delete(urn, first.id, { length: 12 });
    expect((await create(type, "a", { length: 12 })).state).toEqual(first.state);
    expect(new Set([first, other, kept].map(({ state }) => result(state))).size).toBe(3);
  });

  test("has the characters asked for", async () => {
    await start("random");
    const inputs = { length: 40, special: false, upper: false, minNumeric: 5 };
    const { state } = await create("random:index/randomString:RandomString", "a", inputs);
    expect(result(state)).toMatch(/^[0-9]{5}[a-z0-9]{35}$/);
  });

  test("a replaced password lives beside the one it replaces until that is deleted", async () => {
    await start("random");
    const urn = urnOf(type, "a");
    await create(type, "a", { length: 12 });
    await engine.check(urn, { length: 16 }, { length: 12 });
    const second = await create(type, "a", { length: 16 });
    await engine.delete(urn, "none", { length: 12 });
    expect((await engine.read(urn, "none", second.state, { length: 16 })).id).toBe("none");
  });
});

describe("cloudflare", () => {
  const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  const token = "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken";

  beforeEach(() => start("cloudflare"));

  test("a tunnel's token is its own, and needs the tunnel", async () => {
    const { id } = await create(tunnel, "t", { accountId: "acc", name: "t" });
    const { token: text } = await engine.invoke(token, { accountId: "acc", tunnelId: id });
    expect(JSON.parse(Buffer.from(typeof text === "string" ? text : "", "base64").toString())).toMatchObject({
      a: "acc",
      t: id,
    });
    await expect(engine.invoke(token, { accountId: "acc", tunnelId: "x" })).rejects.toThrow(
      new Error("Tunnel not found (1003): x"),
    );
  });

  test("a tunnel's name and a DNS record are there once", async () => {
    await create(tunnel, "t", { accountId: "acc", name: "t" });
    await expect(create(tunnel, "u", { accountId: "acc", name: "t" })).rejects.toThrow(
      new Error("you already have a tunnel with this name (1013): t"),
    );
    const type = "cloudflare:index/dnsRecord:DnsRecord";
    const record = { zoneId: "z", type: "CNAME", name: "demo", content: "c" };
    await create(type, "r", record);
    await expect(create(type, "s", record)).rejects.toThrow(
      new Error("An identical record already exists. (81058): CNAME demo"),
    );
  });

  test("a service token's secret changes with its version alone", async () => {
    const type = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
    const urn = urnOf(type, "s");
    const first = await engine.create(urn, { name: "n" });
    const renamed = await engine.update(urn, first.id, first.state, { name: "m" });
    const rotated = await engine.update(urn, first.id, renamed, { name: "m", clientSecretVersion: 2 });
    expect(renamed["clientSecret"]).toEqual(first.state["clientSecret"]);
    expect(rotated["clientSecret"]).not.toEqual(first.state["clientSecret"]);
    expect(rotated["clientId"]).toEqual(first.state["clientId"]);
  });
});

describe("github", () => {
  beforeEach(() => start("github", { owner: "pmoves" }));

  test("a repository without a name gets one, and keeps it", async () => {
    const urn = urnOf("github:index/repository:Repository", "stack");
    expect((await engine.check(urn, {})).inputs).toEqual({ name: "stack-0123456" });
    expect((await engine.check(urn, {}, { name: "stack-abc" })).inputs).toEqual({ name: "stack-abc" });
  });

  test("a secret needs its repository, and its id names both", async () => {
    const type = "github:index/actionsSecret:ActionsSecret";
    const secret = { repository: "stack", secretName: "KEY", value: new Secret("v") };
    await expect(create(type, "s", secret)).rejects.toThrow(
      new Error("GET https://api.github.com/repos/pmoves/stack: 404 Not Found []"),
    );
    await create("github:index/repository:Repository", "stack", { name: "stack" });
    expect((await create(type, "s", secret)).id).toBe("stack:KEY");
  });
});
