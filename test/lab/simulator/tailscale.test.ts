import { Secret, type PropertyMap } from "../../../lab/simulator/values";
import { Conversation, urnOf } from "./conversation";

const types = {
  acl: "tailscale:index/acl:Acl",
  key: "tailscale:index/tailnetKey:TailnetKey",
  settings: "tailscale:index/tailnetSettings:TailnetSettings",
  dns: "tailscale:index/dnsConfiguration:DnsConfiguration",
  client: "tailscale:index/oauthClient:OauthClient",
  identity: "tailscale:index/federatedIdentity:FederatedIdentity",
} as const;
const policy = { acl: '{ "tagOwners": { "tag:ci": [], /* ours */ }, "acls": [] }' };

let engine: Conversation;

beforeEach(async () => {
  engine = new Conversation("tailscale");
  await engine.start();
  await engine.configure({ tailnet: "estate.example" });
});

afterEach(() => {
  engine.stop();
});

const create = (type: string, name: string, inputs: PropertyMap) => engine.create(urnOf(type, name), inputs);

describe("what Tailscale makes up", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;
  const control = /^k[0-9a-f]{12}CNTRL$/;

  test.each<[string, PropertyMap, RegExp, PropertyMap]>([
    [types.acl, policy, uuid, {}],
    [types.key, { tags: ["tag:ci"], expiry: 60 }, control, { invalid: false, preauthorized: false, userId: "" }],
    [types.settings, { httpsEnabled: true }, uuid, { devicesKeyDurationDays: 180, devicesApprovalOn: false }],
    [types.dns, { searchPaths: ["corp.example"] }, uuid, { magicDns: true, overrideLocalDns: false }],
    [types.client, { scopes: ["dns"] }, control, { description: "", tags: [] }],
    [
      types.identity,
      { issuer: "https://token.example", subject: "repo:a/b:*", scopes: ["auth_keys"], tags: ["tag:ci"] },
      control,
      { customClaimRules: {} },
    ],
  ])("%s: an id, its outputs, and no difference at the next look", async (type, inputs, id, outputs) => {
    if (type !== types.acl) await create(types.acl, "policy", policy);
    const made = await create(type, "it", inputs);
    expect(made.id).toMatch(id);
    expect(made.state).toMatchObject({ ...inputs, ...outputs });
    expect(await engine.read(urnOf(type, "it"), made.id, made.state, inputs)).toEqual({ ...made, inputs });
    expect((await engine.diff(urnOf(type, "it"), made.id, made.state, inputs, inputs)).changes).toBe(false);
  });
});

describe("a key", () => {
  const key = { tags: ["tag:ci"], reusable: true, ephemeral: true, preauthorized: true, expiry: 3600 };

  beforeEach(() => create(types.acl, "policy", policy));

  test("is secret, of the form of a real one, and each its own", async () => {
    const [one, other] = [await create(types.key, "a", key), await create(types.key, "b", key)];
    const texts = [one, other].map(({ state }) => (state["key"] instanceof Secret ? state["key"].value : "in clear"));
    expect(texts[0]).toMatch(/^tskey-auth-k[0-9a-f]{12}CNTRL-[0-9a-f]{32}$/);
    expect(texts[1]).not.toBe(texts[0]);
  });

  test.each(["tags", "reusable", "ephemeral", "preauthorized", "expiry", "description"])(
    "is another one with other %s",
    async (property) => {
      const made = await create(types.key, "a", key);
      const other: PropertyMap = { tags: ["tag:ci", "tag:x"], expiry: 60, description: "d" };
      const changed = { ...key, [property]: other[property] ?? false };
      const diff = await engine.diff(urnOf(types.key, "a"), made.id, made.state, key, changed);
      expect(diff.replaces).toEqual([property]);
    },
  );

  test("must give tags, and only such as the policy knows", async () => {
    await expect(create(types.key, "a", { ...key, tags: [] })).rejects.toThrow(
      new Error("Error creating tailnet key: tailnet-owned auth key must have tags set (400)"),
    );
    await expect(create(types.key, "a", { ...key, tags: ["tag:ci", "tag:db"] })).rejects.toThrow(
      new Error("Error creating tailnet key: requested tags [tag:ci tag:db] are invalid or not permitted (400)"),
    );
  });

  test("is refused before it is made when its settings cannot be", async () => {
    const { failures } = await engine.check(urnOf(types.key, "a"), {
      ...key,
      description: "x".repeat(51),
      recreateIfInvalid: "sometimes",
    });
    expect(failures).toEqual([
      { property: "description", reason: "description string length must be at most 50" },
      { property: "recreateIfInvalid", reason: 'recreate_if_invalid value must be one of: "", "always", "never"' },
    ]);
  });
});

describe("a policy", () => {
  test("is not written over one that is there, unless asked for", async () => {
    await create(types.acl, "theirs", policy);
    await expect(create(types.acl, "ours", policy)).rejects.toThrow(
      new Error(
        "Overwrite Protected: You are trying to overwrite a non-default policy. Please import the ACL first or set overwrite_existing_content = true.",
      ),
    );
    await expect(create(types.acl, "ours", { ...policy, overwriteExistingContent: true })).resolves.toBeDefined();
  });

  test("is never empty", async () => {
    const { failures } = await engine.check(urnOf(types.acl, "policy"), { acl: "" });
    expect(failures).toEqual([{ property: "acl", reason: "Invalid ACL: the policy is empty" }]);
  });
});

test("a device is looked for in vain: none joins a simulated tailnet", async () => {
  await expect(engine.invoke("tailscale:index/getDevice:getDevice", { hostname: "docker" })).rejects.toThrow(
    new Error("Failed to fetch devices: could not find device with hostname=docker"),
  );
});
