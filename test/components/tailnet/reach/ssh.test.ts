import type { Policy, SshRule } from "../../../../components/tailnet/policy";
import { compile, sshAllows } from "../../../../components/tailnet/reach";
import { definitions, nodes, users } from "./support/worlds";

const compiled = (...ssh: SshRule[]) => {
  const policy: Policy = {
    ...definitions,
    acls: [{ action: "accept", src: ["autogroup:member"], dst: ["tag:db:22"] }],
    ssh,
  };
  return compile(policy, nodes, { users });
};

/** "accept ssh[0]", "check ssh[1] 12h", or "no". */
const ask = (rules: readonly SshRule[], source: string, destination: string, user: string): string => {
  const answer = sshAllows(compiled(...rules), { source, destination, user });
  if (!answer.allowed) return "no";
  return [answer.action, answer.rule, answer.checkPeriod].filter((word) => word !== undefined).join(" ");
};

const rule = (changes: Partial<SshRule>): SshRule => ({
  action: "accept",
  src: ["group:dev"],
  dst: ["tag:db"],
  users: ["deploy"],
  ...changes,
});

describe("who may log in as whom", () => {
  it.each([
    ["a name of the rule", ["deploy"], "deploy", "accept ssh[0]"],
    ["another name", ["deploy"], "admin", "no"],
    ["root, when it is named", ["root"], "root", "accept ssh[0]"],
    ["root is nobody of autogroup:nonroot", ["autogroup:nonroot"], "root", "no"],
    ["anybody else is", ["autogroup:nonroot"], "postgres", "accept ssh[0]"],
    ["nobody without a name", ["autogroup:nonroot"], "", "no"],
    ["the part before the @ of one's address", ["localpart:*@estate.example"], "ada", "accept ssh[0]"],
    ["not that of somebody else", ["localpart:*@estate.example"], "bob", "no"],
    ["not of another domain", ["localpart:*@other.example"], "ada", "no"],
    [
      "a word that only looks like one is a name",
      ["localpart:ada@estate.example"],
      "localpart:ada@estate.example",
      "accept ssh[0]",
    ],
  ])("%s", (_, logins, user, expected) => {
    expect(ask([rule({ users: logins })], "ada-laptop", "db", user)).toBe(expected);
  });
});

describe("where", () => {
  it.each([
    ["a tag", {}, "ada-laptop", "both", "accept ssh[0]"],
    ["not at others", {}, "ada-laptop", "router", "no"],
    ["not from others", {}, "eve-laptop", "db", "no"],
    ["one's own devices", { dst: ["autogroup:self"] }, "ada-laptop", "ada-phone", "accept ssh[0]"],
    ["nobody else's", { dst: ["autogroup:self"] }, "ada-laptop", "bob-laptop", "no"],
    ["from tags", { src: ["tag:web"], dst: ["autogroup:tagged"] }, "web", "exit", "accept ssh[0]"],
    ["a user's own", { src: ["ada@"], dst: ["ada@"] }, "ada-phone", "ada-laptop", "accept ssh[0]"],
  ])("%s", (_, changes, source, destination, expected) => {
    expect(ask([rule(changes)], source, destination, "deploy")).toBe(expected);
  });

  it("a login by address opens a source's own devices too, as Headscale compiles it", () => {
    const byMail = rule({ src: ["ada@"], users: ["localpart:*@estate.example"] });
    expect(ask([byMail], "ada-phone", "ada-laptop", "ada")).toBe("accept ssh[0]");
    expect(ask([rule({ src: ["ada@"], users: ["ada"] })], "ada-phone", "ada-laptop", "ada")).toBe("no");
  });
});

describe("how", () => {
  it("rules that check come before rules that let in", () => {
    const rules = [rule({}), rule({ action: "check", checkPeriod: "1h" })];
    expect(ask(rules, "ada-laptop", "db", "deploy")).toBe("check ssh[1] 1h");
  });

  it("the period of a check is 12 hours unless it is said", () => {
    expect(ask([rule({ action: "check" })], "ada-laptop", "db", "deploy")).toBe("check ssh[0] 12h");
  });

  it("says whether packets get there at all", () => {
    const answer = (source: string) =>
      sshAllows(compiled(rule({ src: ["group:dev", "tag:web"] })), { source, destination: "db", user: "deploy" });
    expect([answer("ada-laptop"), answer("web")]).toEqual([
      { allowed: true, action: "accept", rule: "ssh[0]", reachable: true },
      { allowed: true, action: "accept", rule: "ssh[0]", reachable: false },
    ]);
  });

  it("a policy without SSH rules lets nobody in", () => {
    expect(ask([], "ada-laptop", "db", "deploy")).toBe("no");
  });

  it("refuses nodes that do not exist, both at once", () => {
    expect(() => sshAllows(compiled(), { source: "a", destination: "b", user: "root" })).toThrow(
      [
        "The question has 2 problems:",
        '  source: "a" is unknown; allowed: the name of a node; correct it',
        '  destination: "b" is unknown; allowed: the name of a node; correct it',
      ].join("\n"),
    );
  });
});
