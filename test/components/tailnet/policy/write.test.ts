import fc from "fast-check";
import { checkPolicy, readPolicy, writePolicy, type Policy } from "../../../../components/tailnet/policy";
import { policies } from "../reach/support/worlds";

const ssh = fc.array(
  fc.oneof(
    fc.record(
      {
        action: fc.constant("check" as const),
        checkPeriod: fc.constantFrom("12h", "always"),
        acceptEnv: fc.constant(["LANG"]),
      },
      { requiredKeys: ["action"] },
    ),
    fc.record({ action: fc.constant("accept" as const) }),
  ),
  { maxLength: 2 },
);
const tests = fc.array(
  fc.constantFrom({ src: "tag:web", proto: "tcp", accept: ["tag:db:22"] }, { src: "ada@", deny: ["dbhost:1"] }),
);

/** Policies with every section that Headscale has. */
const whole: fc.Arbitrary<Policy> = fc
  .record({ policy: policies, ssh, tests, port: fc.boolean(), routes: fc.constantFrom(["tag:router"], []) })
  .map(({ policy, ssh: actions, tests: list, port, routes }) => ({
    ...policy,
    ssh: actions.map((action) => ({
      ...action,
      src: ["group:dev"],
      dst: ["tag:db", "autogroup:self"],
      users: ["root"],
    })),
    tests: list,
    sshTests: list.map(() => ({ src: "ada@", dst: ["tag:db"], accept: ["root"], deny: [], check: ["root"] })),
    autoApprovers: { routes: { "10.33.0.0/16": routes }, exitNode: ["tag:exit"] },
    nodeAttrs: [{ target: ["*"], attr: ["magicdns-aaaa"] }],
    randomizeClientPort: port,
  }));

/** The same policy with every table built in the other order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]): [string, unknown] => [key, turned(item)]),
  );
}

describe("a policy written", () => {
  it("is read back as it was", () => {
    fc.assert(
      fc.property(whole, (policy) => {
        fc.pre(checkPolicy(policy).length === 0);
        expect(readPolicy(writePolicy(policy))).toEqual(policy);
      }),
    );
  });

  it("is the same text in whatever order it was built", () => {
    fc.assert(
      fc.property(whole, (policy) => {
        fc.pre(checkPolicy(policy).length === 0);
        const other = readPolicy(JSON.stringify(turned(policy)));
        expect(writePolicy(other)).toBe(writePolicy(policy));
      }),
    );
  });

  it("says what is defined first, and in rules who before what", () => {
    const policy: Policy = {
      tests: [{ deny: [], accept: ["tag:db:22"], src: "ada@" }],
      acls: [{ dst: ["tag:db:22"], src: ["ada@"], action: "accept" }],
      tagOwners: { "tag:db": [], "tag:app": ["ada@"] },
    };
    expect(writePolicy(policy).replace(/\s+/g, " ")).toBe(
      '{ "tagOwners": { "tag:app": [ "ada@" ], "tag:db": [] }, "acls": [ { "action": "accept", "src": [ "ada@" ], "dst": [ "tag:db:22" ] } ], "tests": [ { "src": "ada@", "accept": [ "tag:db:22" ], "deny": [] } ] } ',
    );
  });
});
