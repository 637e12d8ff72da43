import type { Policy, PolicyTest, SshTest } from "../../../../components/tailnet/policy";
import { runTests } from "../../../../components/tailnet/reach";
import { definitions, nodes, users } from "./support/worlds";

const policy: Policy = {
  ...definitions,
  acls: [
    { action: "accept", proto: "tcp", src: ["group:dev"], dst: ["tag:db:22,5432"] },
    { action: "accept", src: ["autogroup:member"], dst: ["autogroup:self:*"] },
    { action: "accept", src: ["100.64.0.5"], dst: ["dbhost:80", "lan:443"] },
  ],
  grants: [{ src: ["ada@"], dst: ["lan"], ip: ["443"], via: ["tag:router"] }],
  ssh: [
    { action: "accept", src: ["group:dev"], dst: ["tag:db"], users: ["deploy"] },
    { action: "check", src: ["ada@"], dst: ["tag:db", "autogroup:self"], users: ["root"] },
  ],
};

const run = (changes: { tests?: PolicyTest[]; sshTests?: SshTest[] }) =>
  runTests({ ...policy, ...changes }, nodes, { users }).map(({ reasons }) => reasons);

describe("a policy's own tests", () => {
  it("pass when every assertion holds", () => {
    expect(
      runTests({ ...policy, tests: [{ src: "ada@", accept: ["tag:db:22"], deny: ["tag:router:22"] }] }, nodes),
    ).toEqual([{ path: "tests[0]", passed: true, reasons: [] }]);
  });

  it.each<[string, PolicyTest, string[]]>([
    [
      "a wanted one that is denied",
      { src: "eve@", accept: ["tag:db:22"] },
      ["eve@ -> tag:db:22: must be allowed and is denied"],
    ],
    [
      "an unwanted one that is allowed",
      { src: "bob@", deny: ["tag:db:22"] },
      ["bob@ -> tag:db:22: must be denied and is allowed"],
    ],
    ["another port", { src: "bob@", accept: ["tag:db:23"] }, ["bob@ -> tag:db:23: must be allowed and is denied"]],
    [
      "of another protocol",
      { src: "bob@", proto: "udp", accept: ["tag:db:22"] },
      ["bob@ -> tag:db:22 (udp): must be allowed and is denied"],
    ],
    [
      "every address of the source has to get there",
      { src: "tag:web", accept: ["dbhost:80"] },
      ["tag:web -> dbhost:80: must be allowed and is denied"],
    ],
    ["an address that does", { src: "100.64.0.5", accept: ["dbhost:80", "10.33.1.1:443"] }, []],
    [
      "rules about one's own devices do not count",
      { src: "ada@", accept: ["ada@:22"] },
      ["ada@ -> ada@:22: must be allowed and is denied"],
    ],
    ["rules with via do not count", { src: "ada@", deny: ["10.33.1.1:443"] }, []],
    ["a source that nobody is", { src: "tag:unused", deny: ["tag:db:1"] }, ['"tag:unused" has no addresses']],
    ["a user who does not exist", { src: "nobody@", deny: ["tag:db:1"] }, ['"nobody@" is not one user']],
    ["a destination that nobody is", { src: "ada@", deny: ["tag:unused:1"] }, ['"tag:unused" has no addresses']],
    [
      "autogroup:self is nobody here",
      { src: "ada@", deny: ["autogroup:self:1"] },
      ['"autogroup:self" depends on who asks'],
    ],
  ])("%s", (_, test, expected) => {
    expect(run({ tests: [test] })).toEqual([expected]);
  });
});

describe("a policy's tests of SSH", () => {
  it.each<[string, SshTest, string[]]>([
    ["all hold", { src: "ada@", dst: ["tag:db"], accept: ["deploy", "root"], deny: ["admin"], check: ["root"] }, []],
    [
      "let in without being asked",
      { src: "bob@", dst: ["tag:db"], check: ["deploy"] },
      ["db", "both"].map((node) => `bob@ as deploy -> ${node}: must be asked again and is let in without`),
    ],
    [
      "denied",
      { src: "bob@", dst: ["dbhost"], check: ["root"] },
      ["bob@ as root -> db: must be asked again and is denied"],
    ],
    [
      "wanted and denied",
      { src: "eve@", dst: ["dbhost"], accept: ["deploy"] },
      ["eve@ as deploy -> db: must be allowed and is denied"],
    ],
    [
      "unwanted and allowed",
      { src: "bob@", dst: ["dbhost"], deny: ["deploy"] },
      ["bob@ as deploy -> db: must be denied and is allowed"],
    ],
    ["one's own devices", { src: "ada@", dst: ["autogroup:self"], check: ["root"] }, []],
    ["devices of nobody", { src: "tag:web", dst: ["autogroup:self"], deny: ["root"] }, ['"autogroup:self" is no node']],
    ["no node", { src: "ada@", dst: ["tag:unused"], deny: ["root"] }, ['"tag:unused" is no node']],
    ["nothing asserted", { src: "ada@", dst: ["tag:db"] }, ["nothing is asserted"]],
    [
      "a source that nobody is",
      { src: "tag:unused", dst: ["tag:db"], deny: ["root"] },
      ['"tag:unused" has no addresses'],
    ],
  ])("%s", (_, test, expected) => {
    expect(run({ sshTests: [test] })).toEqual([expected]);
  });
});
