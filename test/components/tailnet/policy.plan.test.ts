import { planPolicy, policyText } from "../../../components/tailnet/policy.plan";
import { allowAllProblems } from "../../../components/tailnet/policy.rules";
import { declaredReach, lineOf } from "../../../components/tailnet/declared";
import { provePolicy } from "../../../components/tailnet/policy.proof";
import { loadStack } from "../../../stacks";
import { app, cluster, external, onTailscale, person, service, topology, vm } from "./fixtures";

describe("an estate that declares nothing", () => {
  const policy = planPolicy(topology({ machines: { docker: external() }, people: { ada: person("admins") } }));

  it("denies everything by an empty list, which is not the same as no list", () => {
    expect(policy.acls).toEqual([]);
    expect(policyText(policy, "headscale")).toContain('"acls": []');
    expect(allowAllProblems(policyText(policy, "headscale"))).toEqual([]);
  });
});

describe("groups and tags", () => {
  const owners = { core: { owners: ["group:admins", "person:ada"] }, app: { owners: ["machine:docker"] } };

  it("writes users with the @ that Headscale asks for", () => {
    const policy = planPolicy(topology({ people: { bob: person("admins", "dev"), ada: person("admins") } }));
    expect(policy.groups).toEqual({ "group:admins": ["ada@", "bob@"], "group:dev": ["bob@"] });
  });

  it("gives a machine's own tag to the owners of its declared tags", () => {
    const machines = { docker: external({ tags: ["core"] }), web: external({ tags: ["core", "app"] }) };
    const policy = planPolicy(topology({ machines, tags: owners, people: { ada: person("admins") } }));
    expect(policy.tagOwners["tag:docker"]).toEqual(["ada@", "group:admins"]);
    expect(policy.tagOwners["tag:web"]).toEqual(["ada@", "group:admins", "tag:docker"]);
    expect(policy.tagOwners["tag:app"]).toEqual(["tag:docker"]);
  });

  it("gives the tag of a machine without tags to the groups that own any tag", () => {
    const policy = planPolicy(topology({ machines: { docker: external() }, tags: owners }));
    expect(policy.tagOwners["tag:docker"]).toEqual(["group:admins"]);
  });

  it("takes a declared tag of the machine's own name for the machine when it alone carries it", () => {
    const tags = { ...owners, field: { owners: ["person:ada"] } };
    const policy = planPolicy(topology({ machines: { field: external({ tags: ["field", "core"] }) }, tags }));
    expect(policy.tagOwners["tag:field"]).toEqual(["ada@"]);
  });

  it("gives it to nobody when nobody owns a tag", () => {
    expect(planPolicy(topology()).tagOwners).toEqual({ "tag:headscale": [] });
  });
});

describe("on Tailscale", () => {
  const estate = onTailscale({
    people: { ada: person("admins") },
    machines: { docker: external({ tags: ["core"], serves: { qdrant: service(6333, ["person:ada"]) } }) },
    tags: { core: { owners: ["person:ada", "group:admins"] } },
    ssh: [{ from: "person:ada", to: "tag:core", users: ["ada"] }],
  });
  const policy = planPolicy(estate);

  it("knows people by the address of their login", () => {
    expect(policy.groups).toEqual({ "group:admins": ["ada@estate.example"] });
    expect(policy.acls.map(({ src }) => src)).toEqual([["ada@estate.example"], ["ada@estate.example"]]);
    expect(policy.ssh.map(({ src }) => src)).toEqual([["ada@estate.example"]]);
  });

  it("lets the program's own credentials give every tag", () => {
    expect(policy.tagOwners).toEqual({
      "tag:core": ["ada@estate.example", "group:admins", "tag:estate"],
      "tag:docker": ["ada@estate.example", "group:admins", "tag:estate"],
      "tag:estate": ["group:admins"],
    });
  });

  it("sends the tests along", () => {
    expect(JSON.parse(policyText(policy, "tailscale"))).toEqual(policy);
    expect(JSON.parse(policyText(policy, "headscale"))).toEqual({ ...policy, tests: undefined });
  });

  it("never sends Headscale a policy without SSH rules, with which nodes would keep those that they have", () => {
    const without = { ...policy, ssh: [] };
    expect(JSON.parse(policyText(without, "headscale"))).toMatchObject({
      tagOwners: { "tag:estate": ["group:admins"], "tag:core": policy.tagOwners["tag:core"] },
      ssh: [{ action: "accept", src: ["tag:estate"], dst: ["tag:estate"], users: ["nobody"] }],
    });
    const unowned = { ...without, tagOwners: {} };
    expect(JSON.parse(policyText(unowned, "headscale"))).toMatchObject({ tagOwners: { "tag:estate": [] } });
    expect(JSON.parse(policyText(without, "tailscale"))).toMatchObject({ ssh: [] });
  });
});

describe("rules", () => {
  it("writes one rule per service, in the words of Headscale", () => {
    const machines = {
      docker: external({
        serves: {
          qdrant: service(6333, ["tag:app", "group:admins", "person:ada", "machine:web"]),
          dns: service(53, ["group:admins"], "udp"),
          hidden: service(9000, []),
        },
      }),
      web: external(),
    };
    const policy = planPolicy(topology({ machines, tags: { app: { owners: ["group:admins"] } } }));
    expect(policy.acls).toEqual([
      { action: "accept", proto: "udp", src: ["group:admins"], dst: ["tag:docker:53"] },
      {
        action: "accept",
        proto: "tcp",
        src: ["ada@", "group:admins", "tag:app", "tag:web"],
        dst: ["tag:docker:6333"],
      },
    ]);
  });

  it("reaches an app through the service network of its cluster", () => {
    const policy = planPolicy(
      topology({ clusters: { core: cluster() }, apps: { web: app({ api: service(8080, ["group:admins"]) }) } }),
    );
    expect(policy.hosts).toEqual({ "core-services": "10.96.0.0/12" });
    expect(policy.acls).toEqual([
      { action: "accept", proto: "tcp", src: ["group:admins"], dst: ["core-services:8080"] },
    ]);
  });

  it("opens port 22 for a declared SSH session, asks people again and machines not", () => {
    const policy = planPolicy(
      topology({
        tags: { core: { owners: ["group:admins"] } },
        ssh: [
          { from: "tag:ci", to: "tag:core", users: ["deploy"] },
          { from: "group:admins", to: "tag:core", users: ["ubuntu", "debian"] },
          { from: "group:admins", to: "tag:core", users: ["debian", "ubuntu"] },
        ],
      }),
    );
    expect(policy.ssh).toEqual([
      { action: "check", src: ["group:admins"], dst: ["tag:core"], users: ["debian", "ubuntu"] },
      { action: "accept", src: ["tag:ci"], dst: ["tag:core"], users: ["deploy"] },
    ]);
    expect(policy.acls.map(({ src, dst }) => [...src, ...dst])).toEqual([
      ["group:admins", "tag:core:22"],
      ["tag:ci", "tag:core:22"],
    ]);
  });
});

describe("routes", () => {
  it("approves a machine's networks for its own tag, a cluster's for those of its control planes", () => {
    const machines = {
      field: external({ role: "subnet-router", advertises: ["10.42.0.9/24"] }),
      spare: external({ role: "subnet-router", advertises: ["10.42.0.0/24"] }),
      cp1: vm({ role: "talos-control-plane" }),
      cp2: vm({ role: "talos-control-plane" }),
    };
    const policy = planPolicy(topology({ machines, clusters: { core: cluster({ controlPlanes: ["cp2", "cp1"] }) } }));
    expect(policy.autoApprovers.routes).toEqual({
      "10.244.0.0/16": ["tag:cp1", "tag:cp2"],
      "10.42.0.0/24": ["tag:field", "tag:spare"],
      "10.96.0.0/12": ["tag:cp1", "tag:cp2"],
    });
    expect(policy.hosts["field-10.42.0.0-24"]).toBe("10.42.0.0/24");
  });
});

describe("the reach of the reference estates", () => {
  // What is proven to be the policy's reach, by the evaluator.
  const lines = (stack: string) => {
    const estate = loadStack(stack);
    provePolicy(estate, planPolicy(estate));
    return declaredReach(estate).map(lineOf);
  };

  it("is, in dev, what its spec says and nothing more", () => {
    expect(lines("dev")).toEqual([
      "runners:stack -> machine:docker 22/tcp",
      "person:you -> machine:docker 6333/tcp",
      "machine:docker -> network:home-services 11434/tcp",
      "person:you -> network:home-services 11434/tcp",
    ]);
  });

  it("is, in prod, what its spec says and nothing more", () => {
    expect(lines("prod")).toEqual([
      "person:darkxside -> machine:desk 21118/tcp",
      "runners:stack -> machine:docker 22/tcp",
      ...["cp1", "cp2", "cp3", "gpu1"].map((node) => `machine:${node} -> machine:docker 6333/tcp`),
      "person:darkxside -> machine:docker 6333/tcp",
      ...["cp1", "cp2", "cp3", "gpu1"].map((node) => `machine:${node} -> machine:docker 8000/tcp`),
      "person:darkxside -> machine:docker 8000/tcp",
      "machine:docker -> machine:jetson 11434/tcp",
      "person:darkxside -> machine:jetson 11434/tcp",
      "person:darkxside -> machine:workstation 8443/tcp",
      "machine:desk -> network:core-services 11434/tcp",
      "machine:workstation -> network:core-services 11434/tcp",
      "person:darkxside -> network:core-services 11434/tcp",
      "person:darkxside -> machine:docker 22/tcp",
    ]);
  });
});

// Cannot prove: that Headscale accepts the policy, and that its compiled filter means the same.
