import { requireSshCheck } from "../../../policies/tailnet/requireSshCheck";
import { passes, runResources, undecided, unknown } from "../run";

function run(policy: unknown, type = "headscale:index:Policy", property = "policy") {
  const text = typeof policy === "object" ? JSON.stringify(policy) : policy;
  return runResources(requireSshCheck, [{ type, name: "tailnet", props: { [property]: text } }]);
}

const rule = { action: "check", src: ["group:admins"], dst: ["tag:core"], users: ["ubuntu"] };

function violation(problem: string): string {
  return (
    `The tailnet policy tailnet ${problem}.\n` +
    "Why: an unlocked laptop would be root on every machine.\n" +
    "Allowed: action check for people, and login users other than root.\n" +
    "To do: leave root out of tailnet.ssh in the spec, and let the policy be compiled from that."
  );
}

describe("estate-tailnet-require-ssh-check", () => {
  it.each([
    ["people who prove themselves", { ssh: [rule] }],
    ["machines, which cannot", { ssh: [{ ...rule, action: "accept", src: ["tag:ci"] }] }],
    ["every user but root", { ssh: [{ ...rule, users: ["autogroup:nonroot"] }] }],
    ["no SSH", { acls: [] }],
    ["no policy at all, which is another rule's matter", undefined],
  ])("passes %s", (_, policy) => {
    expect(run(policy)).toEqual(passes);
  });

  it.each([
    ["root", { ...rule, users: ["ubuntu", "root"] }, "lets group:admins log in as root (ssh[0])"],
    [
      "people who are not asked",
      { ...rule, action: "accept", src: ["tag:ci", "ada@"] },
      "lets ada@ log in without proving who they are (ssh[0])",
    ],
    [
      "a rule without action",
      { ...rule, action: undefined },
      "lets group:admins log in without proving who they are (ssh[0])",
    ],
  ])("refuses %s", (_, broken, problem) => {
    const verdict = { violations: [violation(problem)], about: ["tailnet"], advisory: undefined };
    expect(run({ ssh: [broken] })).toEqual(verdict);
  });

  it("reports every problem of every rule, also on Tailscale", () => {
    const ssh = [rule, { ...rule, action: "accept", users: ["root"] }];
    expect(run({ ssh }, "tailscale:index/acl:Acl", "acl").violations).toEqual([
      violation("lets group:admins log in as root (ssh[1])"),
      violation("lets group:admins log in without proving who they are (ssh[1])"),
    ]);
  });

  it("leaves an unknown text to the engine's advisory", () => {
    expect(run(unknown)).toEqual(undecided);
  });

  it("says nothing about other resources", () => {
    expect(run({ ssh: [{ ...rule, users: ["root"] }] }, "headscale:index:User")).toEqual(passes);
  });
});
