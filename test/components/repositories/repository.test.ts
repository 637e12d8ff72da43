import * as pulumi from "@pulumi/pulumi";
import { Repository, type RepositoryArgs } from "../../../components/repositories/repository";
import { record, type RecordOptions } from "../../support/record";

// What this cannot prove: that GitHub's plan of the owner has these features, and that it reports them back unchanged.

const args: RepositoryArgs = {
  repository: "stack-on-github",
  description: "The stack",
  environments: { production: { branches: ["main", "release/*"] } },
  secrets: { deployKey: "the deploy key", apiToken: pulumi.secret("the token") },
};

const outputs: RecordOptions["outputs"] = (type, name) =>
  type === repository
    ? { nodeId: `${name}-node`, fullName: "acme/stack", htmlUrl: "https://github.com/acme/stack" }
    : {};

const repository = "github:index/repository:Repository";
const protection = "github:index/branchProtection:BranchProtection";
const environment = "github:index/repositoryEnvironment:RepositoryEnvironment";
const deployment = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy";
const secret = "github:index/actionsSecret:ActionsSecret";
const actions = "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions";
const workflow = "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions";

const build = (given: Partial<RepositoryArgs> = {}, options: RecordOptions = {}) =>
  record(() => new Repository("stack", { ...args, ...given }), { outputs, ...options });

describe("a repository", () => {
  const inventory = [
    "estate:repositories:Repository stack",
    `${repository} stack-repository`,
    "github:index/repositoryVulnerabilityAlerts:RepositoryVulnerabilityAlerts stack-alerts",
    "github:index/repositoryDependabotSecurityUpdates:RepositoryDependabotSecurityUpdates stack-security-updates",
    `${protection} stack-main`,
    `${actions} stack-actions`,
    `${workflow} stack-workflow-token`,
    `${environment} stack-environment-production`,
    `${deployment} stack-environment-production-main`,
    `${deployment} stack-environment-production-release-any`,
    `${secret} stack-secret-deployKey`,
    `${secret} stack-secret-apiToken`,
  ].sort();

  test.each([false, true])("consists of exactly these resources (preview: %s)", async (preview) => {
    const { registrations } = await build({}, { preview });
    expect(registrations.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(inventory);
  });

  test("is private, kept when destroyed, and without what nobody asked for", async () => {
    const { one } = await build({ visibility: undefined, description: undefined });
    expect(one(repository).inputs).toEqual({
      name: "stack-on-github",
      description: "",
      visibility: "private",
      autoInit: true,
      archiveOnDestroy: true,
      deleteBranchOnMerge: true,
      allowMergeCommit: false,
      allowAutoMerge: false,
      hasIssues: true,
      hasWiki: false,
      hasProjects: false,
    });
  });

  test("protects main, from administrators too", async () => {
    const { one } = await build();
    expect(one(protection).inputs).toEqual({
      repositoryId: "stack-repository-node",
      pattern: "main",
      enforceAdmins: true,
      allowsForcePushes: false,
      allowsDeletions: false,
      requireConversationResolution: true,
      requiredLinearHistory: true,
      requiredPullRequestReviews: [
        { requiredApprovingReviewCount: 1, dismissStaleReviews: true, requireLastPushApproval: true },
      ],
    });
  });

  test("with one maintainer asks for pull requests without approval", async () => {
    const { one } = await build({ approvals: 0 });
    expect(one(protection).inputs["requiredPullRequestReviews"]).toEqual([
      { requiredApprovingReviewCount: 0, dismissStaleReviews: true, requireLastPushApproval: false },
    ]);
  });

  test("lets Actions do little: known actions pinned by commit, a token that reads", async () => {
    const { one } = await build({ allowedActions: ["b/b@*", "a/a@*"] });
    expect(one(actions).inputs).toEqual({
      repository: "stack-on-github",
      enabled: true,
      allowedActions: "selected",
      allowedActionsConfig: { githubOwnedAllowed: true, verifiedAllowed: true, patternsAlloweds: ["a/a@*", "b/b@*"] },
      shaPinningRequired: true,
    });
    expect(one(workflow).inputs).toEqual({
      repository: "stack-on-github",
      defaultWorkflowPermissions: "read",
      canApprovePullRequestReviews: false,
    });
  });

  test("deploys from the named branches only", async () => {
    const { one } = await build();
    expect(one(environment).inputs).toEqual({
      repository: "stack-on-github",
      environment: "production",
      canAdminsBypass: false,
      deploymentBranchPolicy: { customBranchPolicies: true, protectedBranches: false },
    });
    expect(one(deployment, "stack-environment-production-release-any").inputs).toEqual({
      repository: "stack-on-github",
      environment: "production",
      branchPattern: "release/*",
    });
  });

  test("hands its secrets over as secrets, also those given in clear, and records none with the component", async () => {
    const { one } = await build();
    const deployKey = one(secret, "stack-secret-deployKey");
    expect(deployKey.inputs).toEqual({
      repository: "stack-on-github",
      secretName: "DEPLOY_KEY",
      value: "the deploy key",
    });
    expect(deployKey.secrets).toEqual(["value"]);
    expect(one(secret, "stack-secret-apiToken").secrets).toEqual(["value"]);
    expect(Object.keys(one("estate:repositories:Repository").inputs)).not.toContain("secrets");
  });

  test("is refused with a name that GitHub does not take", async () => {
    await expect(build({ repository: ".." })).rejects.toThrow(
      new Error(
        'Repository "stack" has 1 problem:\n  repository: ".." is no repository name; ' +
          'allowed are letters, digits, ".", "-" and "_", at most 100; rename it',
      ),
    );
  });
});
