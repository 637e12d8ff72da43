import { planTailnet } from "../../../components/tailnet/tailnet.plan";
import { cluster, external, hub, person, repository, service, topology, vm, withoutRunners } from "./fixtures";

const gateway = { role: "gateway", image: "opnsense" } as const;

describe("who joins", () => {
  const keysOf = (machines: Parameters<typeof topology>[0]) =>
    planTailnet(topology({ ...machines, people: { ada: person("admins") } })).joinKeys.map(([name]) => name);

  it("is every machine but the hub, whose key could only come after it", () => {
    const machines = { web: external(), docker: vm(), field: external({ role: "subnet-router" }) };
    expect(keysOf({ machines })).toEqual(["docker", "field", "web"]);
  });

  it.each([
    ["nothing", {}, false],
    ["a service to nobody", { serves: { admin: service(443, []) } }, false],
    ["a service to somebody", { serves: { admin: service(443, ["group:admins"]) } }, true],
    ["a tag", { tags: ["core"] }, true],
    ["a network", { advertises: ["192.168.60.0/24"] }, true],
  ])("is a gateway with %s: %s is %s", (_, changes, joined) => {
    const machines = { gateway: vm({ ...gateway, ...changes }) };
    expect(keysOf({ machines, tags: { core: { owners: ["group:admins"] } } })).toEqual(joined ? ["gateway"] : []);
  });
});

describe("keys", () => {
  it("of machines are good once, for the declared time, with the machine's own tag and its others", () => {
    const machines = { docker: vm({ tags: ["core", "app"] }) };
    const owned = { owners: ["group:admins"] };
    expect(
      planTailnet(topology({ machines, people: { ada: person("admins") }, tags: { core: owned, app: owned } }))
        .joinKeys,
    ).toEqual([
      [
        "docker",
        { tags: ["tag:app", "tag:core", "tag:docker"], reusable: false, ephemeral: false, expiry: "24 hours" },
      ],
    ]);
  });

  it("of runners serve many jobs, leave no node behind, and expire", () => {
    const repositories = { stack: repository("ci"), docs: withoutRunners };
    expect(planTailnet(topology({ repositories })).runnerKeys).toEqual([
      ["stack", { tags: ["tag:ci"], reusable: true, ephemeral: true, expiry: "30 days" }],
    ]);
  });
});

describe("users", () => {
  it("are the people, under the names that the policy knows", () => {
    const { users, policy } = planTailnet(topology({ people: { bob: person("admins"), ada: person("admins") } }));
    expect(users).toEqual([
      { name: "ada", email: "somebody@estate.example" },
      { name: "bob", email: "somebody@estate.example" },
    ]);
    expect(policy.groups["group:admins"]).toEqual(users.map(({ name }) => `${name}@`));
  });
});

describe("routes", () => {
  it("are a machine's own networks and those of the clusters it is a control plane of", () => {
    const machines = { cp1: vm({ role: "talos-control-plane", advertises: ["10.42.0.9/24"] }), docker: vm() };
    const clusters = { core: cluster({ controlPlanes: ["cp1"] }) };
    expect(planTailnet(topology({ machines, clusters })).routes).toEqual([
      ["cp1", ["10.244.0.0/16", "10.42.0.0/24", "10.96.0.0/12"]],
    ]);
  });

  it("are nothing for a machine that does not join", () => {
    const machines = { headscale: { ...hub, advertises: ["10.42.0.0/24"] } };
    expect(planTailnet(topology({ machines })).routes).toEqual([]);
  });
});
