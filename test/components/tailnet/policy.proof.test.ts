import { planPolicy } from "../../../components/tailnet/policy.plan";
import { provePolicy } from "../../../components/tailnet/policy.proof";
import { app, cluster, external, onTailscale, person, service, topology } from "./fixtures";

const estate = topology({
  people: { ada: person("admins"), bob: person() },
  machines: {
    docker: external({ tags: ["core"], serves: { qdrant: service(6333, ["group:admins"]) } }),
    web: external(),
  },
  tags: { core: { owners: ["group:admins"] } },
});
const policy = planPolicy(estate);
const [rule] = policy.acls;

const advice =
  "; allowed: what `serves` and `tailnet.ssh` say; look for networks that lie in each other and for tags that mean more than they should";

describe("a compiled policy", () => {
  it("is proven when it lets through what the spec says, no less and no more", () => {
    expect(() => {
      provePolicy(estate, policy);
    }).not.toThrow();
  });

  it("is refused with everything that it lets through besides", () => {
    const wide = {
      ...policy,
      acls: [
        ...policy.acls,
        { ...rule, action: "accept", src: ["bob@"], dst: ["tag:docker:22-23", "tag:web:80"] } as const,
      ],
    };
    expect(() => {
      provePolicy(estate, wide);
    }).toThrow(
      new Error(`The tailnet's policy has 2 problems:
  person:bob -> machine:docker 22-23/tcp: would be let through (acls[1]), and nothing in the spec serves it${advice}
  person:bob -> machine:web 80/tcp: would be let through (acls[1]), and nothing in the spec serves it${advice}`),
    );
  });

  it("is refused with everything that it keeps out, and its tests that fail", () => {
    expect(() => {
      provePolicy(estate, { ...policy, acls: [] });
    }).toThrow(
      new Error(`The tailnet's policy has 2 problems:
  person:ada -> machine:docker 6333/tcp: would not be let through, though the spec serves it; allowed: what a node of the tailnet serves or routes; see that the machine joins, and that something routes the network
  policy.tests[1]: fails: group:admins -> tag:docker:6333 (tcp): must be allowed and is denied`),
    );
  });

  it("is refused when a network that the spec opens is part of another one", () => {
    const machines = { cp1: external(), field: external({ advertises: ["10.96.7.0/24"] }) };
    const nested = topology({
      people: { ada: person("admins") },
      machines,
      clusters: { core: cluster({ controlPlanes: ["cp1"] }) },
      apps: { wiki: app({ web: service(8080, ["group:admins"]) }) },
    });
    expect(() => {
      provePolicy(nested, planPolicy(nested));
    }).toThrow(
      new Error(`The tailnet's policy has 1 problem:
  person:ada -> network:field-10.96.7.0-24 8080/tcp: would be let through (acls[0]), and nothing in the spec serves it${advice}`),
    );
  });

  it("is refused when Tailscale would take two people for one", () => {
    const twins = { ada: person("admins"), bob: person() };
    const machines = { docker: external({ serves: { web: service(80, ["group:admins"]) } }) };
    const saas = { ...onTailscale({ machines }), people: twins };
    expect(() => {
      provePolicy(saas, planPolicy(saas));
    }).toThrow(
      new Error(`The tailnet's policy has 1 problem:
  person:bob -> machine:docker 80/tcp: would be let through (acls[0]), and nothing in the spec serves it${advice}`),
    );
  });

  it("is held against the rules of the server that it is for", () => {
    // Addresses out of a pool: Tailscale has them, Headscale does not.
    const pooled = (compiled: typeof policy) => ({
      ...compiled,
      nodeAttrs: [{ target: ["tag:web"], ipPool: ["100.81.0.0/24"] }],
    });
    const saas = onTailscale({ people: { ada: person("admins") }, machines: { web: external() } });
    expect(() => {
      provePolicy(saas, pooled(planPolicy(saas)));
    }).not.toThrow();
    expect(() => {
      provePolicy(estate, pooled(policy));
    }).toThrow(/^The tailnet policy has 1 problem:\n {2}nodeAttrs\[0\]/);
  });
});
