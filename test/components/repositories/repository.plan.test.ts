import fc from "fast-check";
import { planRepository, secretName } from "../../../components/repositories/repository";

describe("the name of a secret on GitHub", () => {
  test.each([
    ["deployKey", "DEPLOY_KEY"],
    ["token", "TOKEN"],
    ["cfClientId", "CF_CLIENT_ID"],
    ["s3Key", "S3_KEY"],
  ])("of %s is %s", (key, expected) => {
    expect(secretName(key)).toBe(expected);
  });

  test("is one GitHub takes, and two keys never have the same", () => {
    const key = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,12}$/);
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(secretName(a)).toMatch(/^[A-Z][A-Z0-9_]*$/);
        expect(secretName(a) === secretName(b)).toBe(a === b);
      }),
    );
  });
});

describe("the plan of a repository", () => {
  test("has its environments and their branches in order, keyed by pattern", () => {
    const environments = { staging: { branches: ["release/*", "main"] }, production: { branches: ["main"] } };
    expect(planRepository("stack", { repository: "stack", environments }, [])).toEqual([
      { environment: "production", policies: [{ key: "main", branchPattern: "main" }] },
      {
        environment: "staging",
        policies: [
          { key: "main", branchPattern: "main" },
          { key: "release-any", branchPattern: "release/*" },
        ],
      },
    ]);
  });

  test("refuses every mistake at once", () => {
    const environments = { empty: { branches: [] }, twice: { branches: ["a/b", "a-b"] } };
    expect(() => planRepository("stack", { repository: "a b", environments }, ["Deploy_key", "githubToken"])).toThrow(
      new Error(
        [
          'Repository "stack" has 5 problems:',
          '  repository: "a b" is no repository name; allowed are letters, digits, ".", "-" and "_", at most 100; rename it',
          '  environments.empty.branches: no branch may deploy to it; allowed is at least one; add one, such as "main"',
          '  environments.twice.branches.1: "a-b" cannot be told from "a/b" in a resource\'s name; allowed is each once; remove one',
          '  secrets.Deploy_key: "Deploy_key" is no name of a secret; allowed are letters and digits, starting in lower case, such as deployKey; rename it',
          '  secrets.githubToken: GitHub keeps names that start with GITHUB_ for itself; rename "githubToken"',
        ].join("\n"),
      ),
    );
  });
});
