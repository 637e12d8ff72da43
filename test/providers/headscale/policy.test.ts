import { meansTheSame, parsePolicy } from "../../../providers/headscale/policy/meaning";
import { openness } from "../../../providers/headscale/policy/openness";

describe("the meaning of a policy", () => {
  test("comments, layout, trailing commas and the order of keys say nothing", () => {
    const one = '{ // who\n "groups": {"group:a": ["x@",],}, /* what */ "acls": [] }';
    expect(meansTheSame(one, '{"acls":[],"groups":{"group:a":["x@"]}}')).toBe(true);
  });

  test("the order of a list does", () => {
    expect(meansTheSame('{"acls":[1,2]}', '{"acls":[2,1]}')).toBe(false);
  });

  test("what is no HuJSON is named by its line", () => {
    expect(() => parsePolicy('{\n "acls": [\n')).toThrow(new Error("line 3 is no HuJSON (CloseBracketExpected)"));
  });
});

describe("policies that allow everything", () => {
  const acl = (src: string[], dst: string[]): object => ({ acls: [{ action: "accept", src, dst }] });
  test.each([
    [{}, "has neither acls nor grants, which allows everybody everything"],
    [{ groups: {}, acls: null }, "has neither acls nor grants, which allows everybody everything"],
    [[], "has neither acls nor grants, which allows everybody everything"],
    [acl(["*"], ["*:*"]), "lets everybody reach every port of every machine (acls[0])"],
    [
      acl(["autogroup:member"], ["tag:a:22", "0.0.0.0/0:0-65535"]),
      "lets everybody reach every port of every machine (acls[0])",
    ],
    [
      acl(["autogroup:danger-all"], ["fd7a:115c:a1e0::/48:*"]),
      "lets everybody reach every port of every machine (acls[0])",
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"], ip: ["tcp:*"] }] },
      "lets everybody reach every port of every machine (grants[0])",
    ],
  ])("%j", (policy, expected) => {
    expect(openness(parsePolicy(JSON.stringify(policy))).join()).toBe(expected);
  });

  test.each([
    [{ acls: [] }],
    [{ grants: [] }],
    [acl(["*"], ["tag:web:443"])],
    [acl(["group:admins"], ["*:*"])],
    [{ grants: [{ src: ["*"], dst: ["*"], app: {} }] }],
  ])("%j is none", (policy) => {
    expect(openness(parsePolicy(JSON.stringify(policy)))).toEqual([]);
  });
});
