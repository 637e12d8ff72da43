import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { policies } from "../../policies/policies";

const root = join(__dirname, "../../policies");

/** Every rule file: policies/<area>/<rule>.ts */
const rules = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: area }) =>
    readdirSync(join(root, area)).map((file) => ({ area, rule: file.replace(/\.ts$/, "") })),
  );

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe("the policy pack", () => {
  it("lists every rule file under the name that its place gives it", () => {
    const expected = rules.map(({ area, rule }) => `estate-${area}-${kebab(rule)}`);
    expect(policies.map(({ name }) => name).sort()).toEqual(expected.sort());
  });

  it.each(rules)("$area/$rule exports its rule, starts with a verb, and has a test", ({ area, rule }) => {
    expect(rule).toMatch(/^(forbid|require)[A-Z]/);
    expect(readFileSync(join(root, area, `${rule}.ts`), "utf8")).toContain(`export const ${rule}`);
    expect(readdirSync(join(__dirname, area))).toContain(`${rule}.test.ts`);
  });

  it.each(policies.map((policy) => [policy.name, policy] as const))(
    "%s says what a person needs, in a fixed order",
    (_, policy) => {
      const order = ["name", "description", "enforcementLevel", "severity", "configSchema", "remediationSteps", "url"];
      const fields = Object.keys(policy).filter((field) => order.includes(field));
      expect(fields).toEqual(order.filter((field) => fields.includes(field)));
      expect(fields).toEqual(expect.arrayContaining(order.filter((field) => field !== "configSchema")));
      expect(["mandatory", "remediate"]).toContain(policy.enforcementLevel);
      expect(policy.description).toMatch(/^[A-Z].*\.$/);
    },
  );
});
