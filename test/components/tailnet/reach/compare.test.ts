import fc from "fast-check";
import type { AclRule, Policy } from "../../../../components/tailnet/policy";
import { allows, compareMatrices, compile, matrix, type PolicyNode } from "../../../../components/tailnet/reach";
import { definitions, nodes, points, policies, users } from "./support/worlds";

const acl = (src: string, dst: string, proto?: string): AclRule => ({
  action: "accept",
  ...(proto === undefined ? {} : { proto }),
  src: [src],
  dst: [dst],
});
const base = acl("group:dev", "tag:router:22", "tcp");
const matrixOf = (acls: readonly AclRule[], at: readonly PolicyNode[] = nodes) =>
  matrix(compile({ ...definitions, acls }, at, { users }));
const difference = (before: readonly AclRule[], after: readonly AclRule[]) =>
  compareMatrices(matrixOf(before), matrixOf(after)).map(({ text }) => text);

describe("the difference in words", () => {
  it.each<[string, AclRule[], AclRule[], string[]]>([
    ["nothing", [base], [base], []],
    ["rules that changed places", [base, acl("ada@", "lan:1")], [acl("ada@", "lan:1"), base], []],
    ["a rule that another covers", [base], [base, acl("ada@", "tag:router:22", "tcp")], []],
    [
      "a tag gains",
      [base],
      [base, acl("tag:web", "tag:router:5432", "tcp")],
      ["tag:web can newly reach tag:router on tcp/5432 (acls[1])"],
    ],
    ["a group loses", [base], [], ["group:dev can no longer reach tag:router on tcp/22 (acls[0])"]],
    [
      "a port moves",
      [base],
      [acl("group:dev", "tag:router:23", "tcp")],
      [
        "group:dev can newly reach tag:router on tcp/23 (acls[0])",
        "group:dev can no longer reach tag:router on tcp/22 (acls[0])",
      ],
    ],
    [
      "a range grows on both sides",
      [acl("ada@", "tag:router:80-90", "tcp")],
      [acl("ada@", "tag:router:70-95", "tcp")],
      ["ada@ can newly reach tag:router on tcp/70-79,91-95 (acls[0])"],
    ],
    [
      "another protocol",
      [acl("ada@", "tag:router:53", "tcp")],
      [acl("ada@", "tag:router:53")],
      ["ada@ can newly reach tag:router on udp/53 (acls[0])"],
    ],
    [
      "several sources, in one line",
      [],
      [{ ...acl("ada@", "tag:router:53"), src: ["ada@", "tag:exit", "100.64.0.3"] }],
      ["group:dev and tag:exit can newly reach tag:router on tcp+udp/53 (acls[0])"],
    ],
    [
      "the word that the rule itself uses",
      [],
      [acl("eve@", "dbhost:1", "tcp"), acl("eve@", "tag:exit:1", "tcp")],
      ["eve@ can newly reach db on tcp/1 (acls[0])", "eve@ can newly reach tag:exit on tcp/1 (acls[1])"],
    ],
    [
      "one's own devices",
      [base],
      [base, acl("group:dev", "autogroup:self:*")],
      ["group:dev can newly reach their own devices on tcp+udp/* (acls[1])"],
    ],
    [
      "networks",
      [],
      [acl("tag:db", "far:1"), acl("tag:db", "lan:443", "tcp")],
      ["tag:db can newly reach lan and office on tcp/443 (acls[1])"],
    ],
    ["a node that may reach itself", [], [acl("dbhost", "dbhost:1")], []],
    ["pings", [], [acl("tag:db", "tag:exit:*", "icmp")], ["tag:db can newly reach tag:exit on icmp (acls[0])"]],
    [
      "pings are no news where anything is open",
      [acl("tag:db", "tag:exit:1")],
      [acl("tag:db", "tag:exit:1"), acl("tag:db", "tag:exit:*", "icmp")],
      [],
    ],
    [
      "everything: whoever has no IPv6, and the exit node itself, stand apart",
      [],
      [acl("*", "*:*")],
      [
        "autogroup:member, tag:db, tag:router and tag:web can newly reach internet on tcp+udp/* (acls[0])",
        "autogroup:tagged, group:dev and fd00:33::/64 can newly reach fd00:33::/64 on tcp+udp/* (acls[0])",
        "every node, fd00:33::/64, lan and office can newly reach autogroup:tagged and group:dev on tcp+udp/* (acls[0])",
        "every node, lan and office can newly reach eve@, lan and office on tcp+udp/* (acls[0])",
      ],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(difference(before, after)).toEqual(expected);
  });

  it("a node that comes gains what it reaches, one that goes loses it", () => {
    const [more, less] = [
      matrixOf([base]),
      matrixOf(
        [base],
        nodes.filter(({ name }) => name !== "router"),
      ),
    ];
    const say = "group:dev can X reach tag:router on tcp/22 (acls[0])";
    expect(compareMatrices(less, more).map(({ text }) => text)).toEqual([say.replace("X", "newly")]);
    expect(compareMatrices(more, less).map(({ text }) => text)).toEqual([say.replace("X", "no longer")]);
  });

  it("uses the word that the rule uses where several mean the same nodes", () => {
    const one: PolicyNode[] = [
      { name: "one", addresses: ["100.64.0.1"], tags: ["tag:web", "tag:router"] },
      { name: "db", addresses: ["100.64.0.2"], tags: ["tag:db"] },
    ];
    const before = [1, 2, 3].map((port) => acl("tag:web", `tag:db:${port}`));
    const say = (rule: AclRule) =>
      compareMatrices(matrixOf(before, one), matrixOf([...before, rule], one)).map(({ text }) => text);
    expect(say(acl("tag:router", "tag:db:4", "tcp"))).toEqual(["tag:router can newly reach tag:db on tcp/4 (acls[3])"]);
    expect(say(acl("tag:web", "tag:db:4", "tcp"))).toEqual(["tag:web can newly reach tag:db on tcp/4 (acls[3])"]);
    expect(say(acl("100.64.0.1", "tag:db:4", "tcp"))).toEqual(["tag:web can newly reach tag:db on tcp/4 (acls[3])"]);
  });

  it("has the names too, for whoever wants to count", () => {
    expect(compareMatrices(matrixOf([]), matrixOf([base]))).toEqual([
      {
        kind: "gained",
        sources: ["ada-laptop", "ada-phone", "bob-laptop"],
        destinations: ["router"],
        ports: { protocols: ["tcp"], ports: [[22, 22]], rules: ["acls[0]"] },
        text: "group:dev can newly reach tag:router on tcp/22 (acls[0])",
      },
    ]);
  });
});

describe("for any two policies", () => {
  const compiled = (policy: Policy) => compile(policy, nodes, { users });
  const names = new Set(nodes.map(({ name }) => name));

  it("whatever is newly allowed between two nodes is told, and nothing else", () => {
    fc.assert(
      fc.property(policies, policies, fc.array(points, { minLength: 20, maxLength: 20 }), (one, other, questions) => {
        const changes = compareMatrices(matrix(compiled(one)), matrix(compiled(other)));
        for (const question of questions) {
          const { source, destination, port, protocol } = question;
          if (!["tcp", "udp", "sctp"].includes(protocol) || source === destination) continue;
          if (!names.has(source) || !names.has(destination)) continue;
          const isTold = (kind: string) =>
            changes.some(
              ({ kind: is, sources, destinations, ports }) =>
                is === kind &&
                sources.includes(source) &&
                (destinations.includes(destination) || (destinations.length === 0 && sameUser(source, destination))) &&
                ports.protocols.includes(protocol) &&
                ports.ports.some(([first, last]) => first <= port && port <= last),
            );
          const [old, now] = [one, other].map((policy) => allows(compiled(policy), question).allowed);
          const expected = { gained: now === true && old === false, lost: now === false && old === true };
          // What becomes open to all was open between devices of one user where a rule about those came before: no news.
          const isQuiet = sameUser(source, destination) && old === now;
          const told = isQuiet ? expected : { gained: isTold("gained"), lost: isTold("lost") };
          expect({ question, ...told }).toEqual({ question, ...expected });
        }
      }),
      { numRuns: 100 },
    );
  });
});

function sameUser(one: string, other: string): boolean {
  return one.split("-")[0] === other.split("-")[0];
}
