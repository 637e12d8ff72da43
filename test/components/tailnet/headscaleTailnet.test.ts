import * as pulumi from "@pulumi/pulumi";
import { HeadscaleTailnet, type HeadscaleTailnetArgs } from "../../../components/tailnet/headscale/headscaleTailnet";
import { readPolicy } from "../../../components/tailnet/policy";
import { allowAllProblems } from "../../../components/tailnet/policy.rules";
import { record, valueOf } from "../../support/record";
import { cluster, external, person, repository, service, topology, vm } from "./fixtures";
import { noting } from "./options";

const estate = topology({
  people: { ada: person("admins"), bob: person() },
  machines: {
    docker: vm({ tags: ["core"], serves: { qdrant: service(6333, ["group:admins"]) } }),
    cp1: vm({ role: "talos-control-plane" }),
    field: external({ advertises: ["10.42.0.0/24"] }),
  },
  tags: { core: { owners: ["group:admins"] }, ci: { owners: ["group:admins"] } },
  clusters: { core: cluster({ controlPlanes: ["cp1"] }) },
  repositories: { stack: repository("ci") },
});
const args: HeadscaleTailnetArgs = {
  topology: estate,
  loginServer: "https://headscale.estate.example",
  apiKey: "hskey-api-made-up",
};

function run(changes: Partial<HeadscaleTailnetArgs> = {}, preview = false) {
  return record(() => new HeadscaleTailnet("tailnet", { ...args, ...changes }), {
    preview,
    outputs: (type, name) => (type === "headscale:index:PreAuthKey" ? { key: `hskey-auth-${name}` } : {}),
  });
}

const inventory = [
  "estate:tailnet:Tailnet tailnet",
  "headscale:index:NodeTags tailnet-tags-cp1",
  "headscale:index:NodeTags tailnet-tags-docker",
  "headscale:index:NodeTags tailnet-tags-field",
  "headscale:index:Policy tailnet-policy",
  "headscale:index:PreAuthKey tailnet-join-cp1",
  "headscale:index:PreAuthKey tailnet-join-docker",
  "headscale:index:PreAuthKey tailnet-join-field",
  "headscale:index:PreAuthKey tailnet-runners-stack",
  "headscale:index:RouteApproval tailnet-routes-cp1",
  "headscale:index:RouteApproval tailnet-routes-field",
  "headscale:index:User tailnet-user-ada",
  "headscale:index:User tailnet-user-bob",
  "pulumi:providers:headscale tailnet-server",
];

describe("identity", () => {
  it.each([
    ["up", false],
    ["preview", true],
  ])("is the same in %s", async (_, preview) => {
    const { registrations } = await run({}, preview);
    expect(registrations.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(inventory);
  });

  it("has users before the policy, and the policy before everything by which a node could join", async () => {
    const { asked, options } = noting();
    await record(() => new HeadscaleTailnet("tailnet", args, options));
    expect(asked.get("tailnet-policy")?.dependsOn).toEqual(["tailnet-user-ada", "tailnet-user-bob"]);
    const later = [...asked].filter(([name]) => /-(join|runners|tags|routes)-/.test(name));
    expect(later).toHaveLength(9);
    expect(later.filter(([, { dependsOn }]) => dependsOn.join() !== "tailnet-policy")).toEqual([]);
  });
});

describe("wiring", () => {
  it("compiles the policy into the resource and the output", async () => {
    const recording = await run();
    const text = await valueOf(recording.result.policy);
    expect(recording.one("headscale:index:Policy").inputs).toEqual({ policy: text });
    expect(allowAllProblems(text)).toEqual([]);
    expect(text).toContain('"tag:docker:6333"');
  });

  it("gives the policy without its tests, which Headscale refuses before anybody has joined", async () => {
    const policy = readPolicy(await valueOf((await run()).result.policy));
    expect(Object.keys(policy).sort()).toEqual(["acls", "autoApprovers", "groups", "hosts", "ssh", "tagOwners"]);
  });

  it("gives keys their tags, use and end", async () => {
    const recording = await run();
    expect(recording.one("headscale:index:PreAuthKey", "tailnet-join-docker").inputs).toMatchObject({
      tags: ["tag:core", "tag:docker"],
      reusable: false,
      ephemeral: false,
      expiration: "24 hours",
    });
    expect(recording.one("headscale:index:PreAuthKey", "tailnet-runners-stack").inputs).toMatchObject({
      tags: ["tag:ci"],
      reusable: true,
      ephemeral: true,
      expiration: "30 days",
    });
  });

  it("states tags and routes of nodes once more, so that their drift is seen", async () => {
    const recording = await run();
    expect(recording.one("headscale:index:NodeTags", "tailnet-tags-docker").inputs).toEqual({
      node: "docker",
      tags: ["tag:core", "tag:docker"],
    });
    expect(recording.one("headscale:index:RouteApproval", "tailnet-routes-cp1").inputs).toEqual({
      node: "cp1",
      routes: ["10.244.0.0/16", "10.96.0.0/12"],
    });
  });

  it("hands out each machine's and each pool's own key", async () => {
    const { result } = await run();
    expect(Object.keys(result.joinKeys)).toEqual(["cp1", "docker", "field"]);
    expect(await valueOf(pulumi.output(result.joinKeys["docker"]))).toBe("hskey-auth-tailnet-join-docker");
    expect(await valueOf(pulumi.output(result.runnerKeys["stack"]))).toBe("hskey-auth-tailnet-runners-stack");
    expect(await valueOf(result.loginServer)).toBe(args.loginServer);
    expect(result.routes).toEqual({ cp1: ["10.244.0.0/16", "10.96.0.0/12"], field: ["10.42.0.0/24"] });
    expect(result.names.machines).toEqual({
      "cp1.tailnet.estate.example": "cp1",
      "docker.tailnet.estate.example": "docker",
      "field.tailnet.estate.example": "field",
    });
  });
});

describe("the provider", () => {
  it("talks to the hub, with a key that is secret", async () => {
    const { inputs, secrets } = (await run()).one("pulumi:providers:headscale");
    expect(inputs).toMatchObject({ endpoint: args.loginServer, apiKey: args.apiKey });
    expect(secrets).toEqual(["apiKey"]);
  });

  it("is the lab's when a world is given, and then knows no server", async () => {
    const { inputs } = (await run({ world: "world.json" })).one("pulumi:providers:headscale");
    expect(inputs["world"]).toBe("world.json");
    expect(inputs).not.toHaveProperty("endpoint");
    expect(inputs).not.toHaveProperty("apiKey");
  });
});

describe("secrets", () => {
  it("mark every key", async () => {
    const { result } = await run();
    const keys = [...Object.values(result.joinKeys), ...Object.values(result.runnerKeys)];
    expect(await Promise.all(keys.map((key) => pulumi.isSecret(key)))).toEqual([true, true, true, true]);
  });

  it("are in nothing that is stored in clear", async () => {
    const { registrations } = await run();
    const open = registrations.filter(({ type }) => type !== "pulumi:providers:headscale");
    expect(JSON.stringify(open)).not.toContain("hskey-");
  });
});

// Cannot prove: that the server takes the policy, and the order on the way down; the provider's own tests do.
