import { forbidAllowAll } from "../../../policies/tailnet/forbidAllowAll";
import { passes, runResources, undecided, unknown } from "../run";

const compliant = {
  tagOwners: { "tag:app": ["group:admins"] },
  acls: [{ action: "accept", src: ["group:admins"], dst: ["tag:app:443", "fd7a:115c:a1e0::1:22"] }],
  grants: [{ src: ["autogroup:member"], dst: ["tag:app"], ip: ["tcp:443"] }],
};

function run(policy: unknown, type = "headscale:index:Policy", property = "policy") {
  const text = typeof policy === "object" ? JSON.stringify(policy) : policy;
  return runResources(forbidAllowAll, [{ type, name: "tailnet", props: { [property]: text } }]);
}

function violation(problem: string): string {
  return (
    `The tailnet policy tailnet ${problem}.\n` +
    "Why: one compromised machine would reach every other one, the control planes included.\n" +
    "Allowed: acls or grants whose rules name their sources and destinations.\n" +
    "To do: say in the spec what each machine or app serves and to whom, and let the policy be compiled from that."
  );
}

const empty = "is empty, which allows everybody everything";
const keyless = "has neither acls nor grants, which allows everybody everything";
const open = (path: string) => `lets everybody reach every port of every machine (${path})`;

describe("estate-tailnet-forbid-allow-all", () => {
  it.each([
    ["rules that name both sides", compliant],
    ["an empty list of rules, which denies all", { acls: [] }],
    ["everybody to every port of one tag", { acls: [{ action: "accept", src: ["*"], dst: ["tag:app:*"] }] }],
    ["everybody to one port of everything", { acls: [{ action: "accept", src: ["*"], dst: ["*:443"] }] }],
    ["one tag to everything", { acls: [{ action: "accept", src: ["tag:monitor"], dst: ["*:*"] }] }],
    ["comments and trailing commas", '{ "acls": [], /* nobody */ }'],
    ["a grant of an application's rights", { grants: [{ src: ["*"], dst: ["*"], app: { "acme.com/cap/x": [] } }] }],
  ])("passes %s", (_, policy) => {
    expect(run(policy)).toEqual(passes);
  });

  it.each([
    ["no text", "", empty],
    ["blanks", " \n", empty],
    ["neither acls nor grants", { ...compliant, acls: undefined, grants: undefined }, keyless],
    ["acls that are null, which is none", { acls: null }, keyless],
    [
      "text that is no HuJSON",
      "{ acls: [",
      "cannot be read as a HuJSON object, so nothing can be said about what it allows",
    ],
    ["a list", "[]", "cannot be read as a HuJSON object, so nothing can be said about what it allows"],
    ["* to *:*", { acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }] }, open("acls[0]")],
    ["members to *:*", { acls: [...compliant.acls, { src: ["autogroup:member"], dst: ["*:*"] }] }, open("acls[1]")],
    ["the internet to *:*", { acls: [{ src: ["tag:a", "autogroup:danger-all"], dst: ["*:*"] }] }, open("acls[0]")],
    [
      "the tailnet's range to itself",
      { acls: [{ src: ["100.64.0.0/10"], dst: ["100.64.0.0/10:*"] }] },
      open("acls[0]"),
    ],
    ["every IPv6 address", { acls: [{ src: ["*"], dst: ["::/0:0-65535"] }] }, open("acls[0]")],
    ["a grant of everything", { grants: [{ src: ["autogroup:members"], dst: ["*"], ip: ["*"] }] }, open("grants[0]")],
    ["a grant of a protocol", { grants: [{ src: ["*"], dst: ["*"], ip: ["tcp:*"] }] }, open("grants[0]")],
  ])("refuses %s", (_, policy, problem) => {
    expect(run(policy)).toEqual({ violations: [violation(problem)], about: ["tailnet"], advisory: undefined });
  });

  it("reads the policy of Tailscale too", () => {
    const verdict = run({ acls: [{ src: ["*"], dst: ["*:*"] }] }, "tailscale:index/acl:Acl", "acl");
    expect(verdict.violations).toEqual([violation(open("acls[0]"))]);
  });

  it("takes an absent text for an empty one", () => {
    const verdict = runResources(forbidAllowAll, [{ type: "headscale:index:Policy", name: "tailnet" }]);
    expect(verdict.violations).toEqual([violation(empty)]);
  });

  it("leaves an unknown text to the engine's advisory", () => {
    expect(run(unknown)).toEqual(undecided);
  });

  it("says nothing about other resources", () => {
    expect(run("", "headscale:index:User")).toEqual(passes);
  });
});
