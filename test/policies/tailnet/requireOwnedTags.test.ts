import { requireOwnedTags } from "../../../policies/tailnet/requireOwnedTags";
import { passes, runResources, undecided, unknown } from "../run";

const compliant = {
  tagOwners: { "tag:app": ["group:admins"], "tag:ci": ["tag:app", "ada@"] },
  acls: [{ action: "accept", src: ["tag:ci", "group:admins"], dst: ["tag:app:443", "10.0.0.0/8:22"] }],
  autoApprovers: { routes: { "10.42.0.0/24": ["tag:app"] } },
};

function run(policy: unknown, type = "headscale:index:Policy", property = "policy") {
  const text = typeof policy === "object" ? JSON.stringify(policy) : policy;
  return runResources(requireOwnedTags, [{ type, name: "tailnet", props: { [property]: text } }]);
}

function violation(problem: string): string {
  return (
    `The tailnet policy tailnet ${problem}.\n` +
    "Why: whoever can give a tag can do what machines with that tag may do.\n" +
    "Allowed: tags in tagOwners, each given by people, groups or tags that are named.\n" +
    "To do: say in the spec who may give the tag: tailnet.tags.NAME.owners."
  );
}

describe("estate-tailnet-require-owned-tags", () => {
  it.each([
    ["tags with owners", compliant],
    ["a policy without tags", { acls: [] }],
    ["no policy at all, which is another rule's matter", undefined],
    ["a tag that nobody but the network's administrators give", { tagOwners: { "tag:app": [] } }],
  ])("passes %s", (_, policy) => {
    expect(run(policy)).toEqual(passes);
  });

  it.each([
    ["a source", { acls: [{ src: ["tag:db"], dst: [] }] }],
    ["a destination with a port", { acls: [{ src: [], dst: ["tag:db:5432"] }] }],
    ["a destination of a grant", { grants: [{ src: [], dst: ["tag:db"] }] }],
    ["a router of a grant", { grants: [{ src: [], dst: [], via: ["tag:db"] }] }],
    ["SSH", { ssh: [{ src: [], dst: ["tag:db"], users: [] }] }],
    ["an approver of routes", { autoApprovers: { routes: { "10.0.0.0/24": ["tag:db"] } } }],
    ["an approver of exit nodes", { autoApprovers: { exitNode: ["tag:db"] } }],
    ["an owner of another tag", { tagOwners: { "tag:app": ["tag:db"] } }],
    ["a test", { tests: [{ src: "ada@", deny: ["tag:db:22"] }] }],
  ])("refuses a tag without owner in %s", (_, policy) => {
    const refused = {
      violations: [violation("uses tag:db, which has no owner")],
      about: ["tailnet"],
      advisory: undefined,
    };
    expect(run(policy)).toEqual(refused);
  });

  it("refuses tags that everybody may give, each of them, also on Tailscale", () => {
    const tagOwners = { "tag:a": ["autogroup:member", "*"], "tag:b": ["group:admins"], "tag:c": ["autogroup:tagged"] };
    expect(run({ tagOwners }, "tailscale:index/acl:Acl", "acl").violations).toEqual([
      violation("lets autogroup:member and * give tag:a"),
      violation("lets autogroup:tagged give tag:c"),
    ]);
  });

  it("leaves an unknown text to the engine's advisory", () => {
    expect(run(unknown)).toEqual(undecided);
  });

  it("says nothing about other resources", () => {
    expect(run({ acls: [{ src: ["tag:db"], dst: [] }] }, "headscale:index:User")).toEqual(passes);
  });
});
