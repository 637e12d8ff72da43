import { readPolicy } from "../../../../components/tailnet/policy";
import { accept, problemsOf } from "./support/refusals";

describe("mistakes in SSH rules", () => {
  const rule = { action: "accept", src: ["autogroup:member"], dst: ["tag:db"], users: ["root"] };
  const ssh = (change: object) => JSON.stringify({ tagOwners: { "tag:db": [] }, ssh: [{ ...rule, ...change }] });
  const USERS = "login names, root, autogroup:nonroot";
  const PERIOD = '"always", or up to 168 hours such as "12h"';

  it.each<[object, string]>([
    [
      { src: ["*"] },
      'src[0]: "*" may not stand here; allowed: a user (with an @), a group, a tag, autogroup:member, autogroup:tagged; name something else',
    ],
    [
      { dst: ["*"] },
      'dst[0]: "*" may not stand here; allowed: a user (with an @), a tag, autogroup:member, autogroup:tagged, autogroup:self; name something else',
    ],
    [{ users: [] }, `users: [] names no login; allowed: ${USERS}; name at least one`],
    [{ users: ["*"] }, `users[0]: "*" is no login name; allowed: ${USERS}; name the logins`],
    [
      { acceptEnv: [""] },
      'acceptEnv[0]: "" is no name of a variable; allowed: names, with * and ? as wildcards; remove it',
    ],
    [{ checkPeriod: "1h" }, 'checkPeriod: "1h" is for rules that check; allowed: the action "check"; remove it'],
    [
      { action: "check", checkPeriod: "1 hour" },
      `checkPeriod: "1 hour" is no duration; allowed: ${PERIOD}; correct it`,
    ],
    [{ action: "check", checkPeriod: "-5m" }, `checkPeriod: "-5m" is out of range; allowed: ${PERIOD}; correct it`],
    [{ action: "check", checkPeriod: "169h" }, `checkPeriod: "169h" is out of range; allowed: ${PERIOD}; correct it`],
    [
      { src: ["tag:db"], dst: ["autogroup:self"] },
      'dst[0]: "autogroup:self" are devices of people, which tagged sources may not enter; allowed: tags, autogroup:tagged; name tags',
    ],
    [
      { src: ["autogroup:tagged"], dst: ["autogroup:member"] },
      'dst[0]: "autogroup:member" are devices of people, which tagged sources may not enter; allowed: tags, autogroup:tagged; name tags',
    ],
    [
      { src: ["ada@"], dst: ["bob@"] },
      'dst[0]: "bob@" are devices of a user, which only that user may enter; allowed: autogroup:self, tags; write autogroup:self',
    ],
  ])("%j", (change, expected) => {
    expect(problemsOf(ssh(change))).toBe(`The tailnet policy has 1 problem:\n  ssh[0].${expected}`);
  });

  it.each([
    { src: ["ada@"], dst: ["ada@"] },
    { action: "check", checkPeriod: "always" },
    { action: "check", checkPeriod: "1h30m" },
  ])("none: %j", (change) => {
    expect(problemsOf(ssh(change))).toBe("read");
  });
});

describe("what only Tailscale knows", () => {
  it.each([
    { postures: { "posture:mac": ["node:os == 'macos'"] }, acls: [{ ...accept, srcPosture: ["posture:mac"] }] },
    { ipsets: { "ipset:prod": ["add 10.0.0.0/8"] }, grants: [{ src: ["*"], dst: ["ipset:prod"], ip: ["*"] }] },
    { nodeAttrs: [{ target: ["autogroup:admin"], attr: ["funnel"], ipPool: ["100.81.0.0/16"] }], disableIPv4: true },
    {
      tagOwners: { "tag:a": ["autogroup:admin"] },
      acls: [{ ...accept, src: ["autogroup:admin", "autogroup:shared"] }],
    },
    { OneCGNATRoute: "mac-always", derpMap: { Regions: { "1": null } }, randomizeClientPort: true },
  ])("%j", (policy) => {
    expect(readPolicy(JSON.stringify(policy), "tailscale")).toEqual(policy);
    expect(problemsOf(JSON.stringify(policy), "headscale")).not.toBe("read");
  });

  it("keeps ipPool within the tailnet's own addresses", () => {
    const pools = (...ipPool: string[]) =>
      problemsOf(JSON.stringify({ nodeAttrs: [{ target: ["*"], ipPool }] }), "tailscale");
    expect(pools("10.0.0.0/8", "100.100.100.0/25")).toBe(
      [
        "The tailnet policy has 2 problems:",
        '  nodeAttrs[0].ipPool[0]: "10.0.0.0/8" is no network of the tailnet; allowed: networks within 100.64.0.0/10; correct it',
        '  nodeAttrs[0].ipPool[1]: "100.100.100.0/25" overlaps addresses that clients keep for themselves; allowed: not 100.100.100.0/24, 100.115.92.0/23; move it',
      ].join("\n"),
    );
  });
});
