import { readPolicy } from "../../../../components/tailnet/policy";
import { accept, acls, problemsOf } from "./support/refusals";

describe("a policy file", () => {
  it("is HuJSON: comments and commas at the end", () => {
    const text = `// who may what
      { "acls": [ { "action": "accept", "src": ["ada@"], "dst": ["*:22",], /* here */ }, ], }`;
    expect(readPolicy(text)).toEqual({ acls: [{ action: "accept", src: ["ada@"], dst: ["*:22"] }] });
  });

  it("may be empty to Headscale, and then allows everything", () => {
    expect(readPolicy("")).toEqual({});
  });

  it("has names in any case, and to Headscale with _ and -", () => {
    const text = `{ "ACLs": [{ "Action": "accept", "SRC": ["ada@"], "dst": ["*:22"] }], "auto_approvers": { "exit-node": ["ada@"] } }`;
    expect(readPolicy(text)).toEqual({
      acls: [{ action: "accept", src: ["ada@"], dst: ["*:22"] }],
      autoApprovers: { exitNode: ["ada@"] },
    });
  });

  it("has its old names read by Tailscale", () => {
    const text = `{ "acls": [{ "action": "accept", "users": ["*"], "ports": ["*:22"] }] }`;
    expect(readPolicy(text, "tailscale")).toEqual({ acls: [{ action: "accept", src: ["*"], dst: ["*:22"] }] });
  });

  it("has notes in access rules that Headscale skips, and fields that are null", () => {
    const text = `{ "acls": [{ "#note": 1, "action": "accept", "proto": null, "src": ["*"], "dst": ["*:22"] }] }`;
    expect(readPolicy(text)).toEqual({ acls: [{ action: "accept", src: ["*"], dst: ["*:22"] }] });
  });

  it.each([
    ["06", "tcp"],
    ["UDP", "udp"],
    [58, "ipv6-icmp"],
    ["99", "99"],
  ])("names protocols in one way: %j", (proto, expected) => {
    expect(readPolicy(acls({ ...accept, proto })).acls?.[0]?.proto).toBe(expected);
  });

  it("has aliases with spaces around them, as the servers read them", () => {
    const text = `{ "tagOwners": { "tag:db": [] }, "acls": [{ "action": "accept", "src": [" tag:db "], "dst": ["*:1"] }] }`;
    expect(readPolicy(text).acls).toEqual([{ action: "accept", src: ["tag:db"], dst: ["*:1"] }]);
  });
});

describe("mistakes of form", () => {
  it("are one error with all of them", () => {
    const text = JSON.stringify({
      acls: [{ action: "deny", src: "ada@", dst: ["*:22"], port: 1 }, { src: ["*"] }],
      groups: { "group:dev": [7] },
      postures: {},
      ssh: null,
    });
    expect(problemsOf(text)).toBe(
      [
        "The tailnet policy has 7 problems:",
        '  groups["group:dev"][0]: 7 is not allowed here; allowed: a word in quotes; correct it',
        '  acls[0].action: "deny" is not allowed here; allowed: "accept"; correct it',
        '  acls[0].src: "ada@" is not allowed here; allowed: a list; correct it',
        "  acls[0].port: is no field that Headscale knows; allowed: action, proto, src, dst; correct the name or remove it",
        "  acls[1].dst: is missing; allowed: a list; write it",
        "  ssh: null is not allowed here; allowed: a list; write it or leave the field out",
        "  postures: is no field that Headscale knows; allowed: groups, hosts, tagOwners, acls, grants, ssh, autoApprovers, nodeAttrs, tests, sshTests, randomizeClientPort; correct the name or remove it",
      ].join("\n"),
    );
  });

  it.each([
    [
      '{ "acls": [ }',
      "the policy: is no HuJSON from line 1 on (ValueExpected); allowed: one JSON object, with comments and trailing commas if you like; correct the text there",
    ],
    [
      " ",
      "the policy: is no HuJSON from line 1 on (ValueExpected); allowed: one JSON object, with comments and trailing commas if you like; correct the text there",
    ],
    ["[]", "the policy: [] is not allowed here; allowed: a table; correct it"],
    [
      '{ "acls": [], "acls": [] }',
      "acls: stands here more than once; allowed: each name once; join the two or remove one",
    ],
    [
      '{ "acls": [], "ACLs": [] }',
      "acls: stands here under two spellings; allowed: each field once; join the two or remove one",
    ],
  ])("%s", (text, expected) => {
    expect(problemsOf(text)).toBe(`The tailnet policy has 1 problem:\n  ${expected}`);
  });
});

// Cannot prove: that servers refuse exactly this; the run against the real Headscale and Tailscale's captured cases does.
