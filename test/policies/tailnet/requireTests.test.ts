import { requireTests } from "../../../policies/tailnet/requireTests";
import { passes, runResources, unknown } from "../run";

function run(policy: unknown, type = "tailscale:index/acl:Acl", property = "acl") {
  const text = typeof policy === "object" ? JSON.stringify(policy) : policy;
  return runResources(requireTests, [{ type, name: "tailnet", props: { [property]: text } }]);
}

const acls = [{ action: "accept", src: ["tag:app"], dst: ["tag:db:5432"] }];
const accept = { src: "tag:app", accept: ["tag:db:5432"] };
const deny = { src: "tag:ci", deny: ["tag:db:5432"] };

function violation(problem: string): string {
  return (
    `The tailnet policy tailnet ${problem}.\n` +
    "Why: a later change could open or close what nobody looked at, and be taken all the same.\n" +
    "Allowed: tests with accept and with deny.\n" +
    "To do: let the policy be compiled from the spec, which writes its tests too."
  );
}

const noAccept = violation("has no test that says who must get through");
const noDeny = violation("has no test that says who must not get through");

describe("estate-tailnet-require-tests", () => {
  it.each([
    ["tests of both kinds", { acls, tests: [accept, deny] }],
    ["one test of both kinds, of grants", { grants: acls, tests: [{ ...accept, deny: ["tag:db:22"] }] }],
    ["a policy without rules, which has nothing to test", { acls: [], grants: [] }],
  ])("passes %s", (_, policy) => {
    expect(run(policy)).toEqual(passes);
  });

  it.each([
    ["no tests", { acls }, [noAccept, noDeny]],
    ["empty tests", { grants: acls, tests: [{ src: "tag:app", accept: [], deny: [] }] }, [noAccept, noDeny]],
    ["nothing that must get through", { acls, tests: [deny] }, [noAccept]],
    ["nothing that must not", { acls, tests: [accept] }, [noDeny]],
  ])("refuses %s", (_, policy, violations) => {
    expect(run(policy)).toEqual({ violations, about: violations.map(() => "tailnet"), advisory: undefined });
  });

  it("asks nothing of an absent text, which is another rule's matter", () => {
    expect(run(undefined)).toEqual(passes);
  });

  it("asks no tests of Headscale, which refuses them before anybody has joined", () => {
    expect(run({ acls }, "headscale:index:Policy", "policy")).toEqual(passes);
  });

  it("leaves an unknown text to the engine's advisory", () => {
    expect(run(unknown)).toEqual({
      violations: [],
      about: [],
      advisory: "string value at .acl can't be known during preview",
    });
  });
});
