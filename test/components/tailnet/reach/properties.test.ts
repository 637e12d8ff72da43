import fc from "fast-check";
import type { Policy } from "../../../../components/tailnet/policy";
import { accessBetween, allows, compile, matrix, rulesFor } from "../../../../components/tailnet/reach";
import { nodes, points, policies, users, type Point } from "./support/worlds";

const compiled = (policy: Policy) => compile(policy, nodes, { users });
const many = fc.array(points, { minLength: 20, maxLength: 20 });

/** What is asked, in one line, when it is allowed. */
const allowed = (policy: Policy, questions: readonly Point[]): string[] => {
  const reachability = compiled(policy);
  return questions
    .filter((question) => allows(reachability, question).allowed)
    .map(({ source, destination, port, protocol }) => `${source} ${destination} ${protocol}/${port}`);
};

describe("for any policy", () => {
  it("the matrix says of every pair what the question about it says, and by the same rules", () => {
    fc.assert(
      fc.property(policies, many, (policy, questions) => {
        const reachability = compiled(policy);
        const whole = matrix(reachability);
        for (const question of questions) {
          // A node's way to itself is none, and hosts with nodes inside stand in the matrix as those nodes.
          if (question.source === question.destination || question.destination === "half") continue;
          const answer = allows(reachability, question);
          const { source, destination, port, protocol } = question;
          const rules = rulesFor(accessBetween(whole, source, destination), port, protocol);
          expect({ question, rules: [...rules].sort() }).toEqual({
            question,
            rules: answer.allowed ? [...answer.rules].sort() : [],
          });
        }
      }),
      { numRuns: 400 },
    );
  });

  it("the order of rules, of aliases and of nodes makes no difference", () => {
    const turned = <T>(list: readonly T[] | undefined): T[] => [...(list ?? [])].reverse();
    fc.assert(
      fc.property(policies, many, (policy, questions) => {
        const other: Policy = {
          hosts: Object.fromEntries(turned(Object.entries(policy.hosts ?? {}))),
          groups: Object.fromEntries(turned(Object.entries(policy.groups ?? {}))),
          tagOwners: policy.tagOwners ?? {},
          acls: turned(policy.acls).map((rule) => ({ ...rule, src: turned(rule.src), dst: turned(rule.dst) })),
          grants: turned(policy.grants).map((rule) => ({ ...rule, src: turned(rule.src), dst: turned(rule.dst) })),
        };
        const answers = (asked: Policy, order: typeof nodes) => {
          const reachability = compile(asked, order, { users });
          return questions.map((question) => allows(reachability, question).allowed);
        };
        expect(answers(other, turned(nodes))).toEqual(answers(policy, nodes));
      }),
    );
  });

  it("one rule less never opens anything, and one more never closes anything", () => {
    fc.assert(
      fc.property(policies, many, fc.nat(), (policy, questions, pick) => {
        const acls = policy.acls ?? [];
        const less = { ...policy, acls: acls.filter((_, index) => index !== pick % Math.max(1, acls.length)) };
        const all = allowed(policy, questions);
        expect(allowed(less, questions).filter((line) => !all.includes(line))).toEqual([]);
      }),
    );
  });

  it("only what some rule allows is allowed: the reach is that of the rules one by one", () => {
    fc.assert(
      fc.property(policies, many, (policy, questions) => {
        const single = [
          ...(policy.acls ?? []).map((rule): Policy => ({ ...policy, acls: [rule], grants: [] })),
          ...(policy.grants ?? []).map((rule): Policy => ({ ...policy, acls: [], grants: [rule] })),
        ];
        const inside = questions.filter(({ destination }) => destination !== "exit");
        const union = new Set(single.flatMap((one) => allowed(one, inside)));
        expect(new Set(allowed(policy, inside))).toEqual(union);
      }),
    );
  });
});
