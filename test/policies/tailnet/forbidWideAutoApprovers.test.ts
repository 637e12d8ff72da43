import { forbidWideAutoApprovers } from "../../../policies/tailnet/forbidWideAutoApprovers";
import { passes, runResources, undecided, unknown } from "../run";

function run(policy: unknown, type = "headscale:index:Policy", property = "policy") {
  const text = typeof policy === "object" ? JSON.stringify(policy) : policy;
  return runResources(forbidWideAutoApprovers, [{ type, name: "tailnet", props: { [property]: text } }]);
}

const routes = (...cidrs: string[]) => ({
  autoApprovers: { routes: Object.fromEntries(cidrs.map((cidr) => [cidr, ["tag:router"]])) },
});

function violation(problem: string): string {
  return (
    `The tailnet policy tailnet ${problem}.\n` +
    "Why: a machine that is taken over could draw the traffic of all others to itself.\n" +
    "Allowed: private networks from /12 on (192.168.0.0/16: /16, IPv6: /48), and no exit nodes.\n" +
    "To do: advertise the networks that are really there, or approve the route by hand."
  );
}

describe("estate-tailnet-forbid-wide-auto-approvers", () => {
  it.each([
    ["the networks of a cluster and of a field", routes("10.96.0.0/12", "10.244.0.0/16", "10.42.0.0/24")],
    ["the widest of each range", routes("172.16.0.0/12", "192.168.0.0/16", "fd00:1:2::/48")],
    ["no approvers", { acls: [] }],
    ["none of either kind", { autoApprovers: { routes: {}, exitNode: [] } }],
    ["no policy at all, which is another rule's matter", undefined],
  ])("passes %s", (_, policy) => {
    expect(run(policy)).toEqual(passes);
  });

  it.each([
    ["everything", "0.0.0.0/0", "which is no private network"],
    ["everything of IPv6", "::/0", "which is no private network"],
    ["a public network", "8.8.8.0/24", "which is no private network"],
    ["the tailnet's own range", "100.64.0.0/10", "which is no private network"],
    ["a range that only begins private", "172.16.0.0/11", "which is no private network"],
    ["all of 10.0.0.0/8", "10.0.0.0/8", "which is wider than /12"],
    ["half a site of IPv6", "fd00::/40", "which is wider than /48"],
    ["something else", "router", "which is no network"],
  ])("refuses %s", (_, cidr, problem) => {
    const violations = [violation(`approves ${cidr} by itself, ${problem}`)];
    expect(run(routes(cidr))).toEqual({ violations, about: ["tailnet"], advisory: undefined });
  });

  it("refuses exit nodes, beside all else, also on Tailscale", () => {
    const policy = { autoApprovers: { ...routes("10.0.0.0/8").autoApprovers, exitNode: ["tag:a", "tag:b"] } };
    expect(run(policy, "tailscale:index/acl:Acl", "acl").violations).toEqual([
      violation("approves 10.0.0.0/8 by itself, which is wider than /12"),
      violation("lets tag:a, tag:b become exit nodes by themselves"),
    ]);
  });

  it("leaves an unknown text to the engine's advisory", () => {
    expect(run(unknown)).toEqual(undecided);
  });

  it("says nothing about other resources", () => {
    expect(run(routes("0.0.0.0/0"), "headscale:index:User")).toEqual(passes);
  });
});
