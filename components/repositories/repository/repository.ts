import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../../tokens";
import { type EnvironmentPlan, planRepository, type RepositoryShape, secretName } from "./repository.plan";

/** A GitHub repository. */
export interface RepositoryArgs extends RepositoryShape {
  /** Its name on GitHub. */
  readonly repository: string;
  /** @default "" */
  readonly description?: string | undefined;
  /** @default "private" */
  readonly visibility?: RepositoryShape["visibility"];
  /**
   * Deployment environments, by name.
   * @default none
   */
  readonly environments?: RepositoryShape["environments"];
  /**
   * Values of Actions secrets by the estate's name for them: deployKey becomes DEPLOY_KEY. Always treated as secret.
   * @default none
   */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /**
   * Approvals that a change to main needs; 0 suits a repository with one maintainer.
   * @default 1
   */
  readonly approvals?: number | undefined;
  /**
   * Actions that workflows may use besides GitHub's own and those of verified creators, such as "acme/deploy@*".
   * @default none
   */
  readonly allowedActions?: readonly string[] | undefined;
}

/**
 * A GitHub repository with secure settings. Creates
 *
 * 1. the repository: private, without wiki and projects, merged branches deleted, archived rather than deleted;
 * 2. alerts about vulnerable dependencies, and pull requests that fix them;
 * 3. the protection of main: pull requests with review, no force push, no deletion, administrators included;
 * 4. what Actions may do: actions of GitHub and verified creators only, pinned by commit, a read-only default token;
 * 5. per environment the environment, and one policy per branch that may deploy to it;
 * 6. per secret an Actions secret.
 *
 * Destroying archives the repository on GitHub; its issues and history stay. Private repositories have branch protection
 * and environments in paid plans only: https://docs.github.com/en/get-started/learning-about-github/githubs-plans
 *
 * @example
 * new Repository("stack", { repository: "stack", secrets: { deployKey }, environments: { production: { branches: ["main"] } } });
 */
export class Repository extends pulumi.ComponentResource {
  /** owner/name. */
  readonly fullName: pulumi.Output<string>;
  /** Where people find it. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: RepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { secrets = {}, ...recorded } = args;
    super(tokens.repository, name, recorded, opts);
    const environments = planRepository(name, args, Object.keys(secrets));
    const repository = this.createRepository(name, args);
    this.watchDependencies(name, repository.name);
    this.protectMain(name, args, repository.nodeId);
    this.restrictActions(name, args, repository.name);
    this.createEnvironments(name, environments, repository.name);
    this.createSecrets(name, secrets, repository.name);
    this.fullName = repository.fullName;
    this.url = repository.htmlUrl;
    this.registerOutputs({ fullName: this.fullName, url: this.url });
  }

  private createRepository(name: string, args: RepositoryArgs): github.Repository {
    return new github.Repository(
      `${name}-repository`,
      {
        name: args.repository,
        description: args.description ?? "",
        visibility: args.visibility ?? "private",
        // The first commit makes main, which the rules below are about.
        autoInit: true,
        archiveOnDestroy: true,
        deleteBranchOnMerge: true,
        allowMergeCommit: false,
        allowAutoMerge: false,
        hasIssues: true,
        hasWiki: false,
        hasProjects: false,
      },
      { parent: this },
    );
  }

  private watchDependencies(name: string, repository: pulumi.Output<string>): void {
    const alerts = new github.RepositoryVulnerabilityAlerts(
      `${name}-alerts`,
      { repository, enabled: true },
      { parent: this },
    );
    new github.RepositoryDependabotSecurityUpdates(
      `${name}-security-updates`,
      { repository, enabled: true },
      // GitHub refuses updates for a repository without alerts.
      { parent: this, dependsOn: [alerts] },
    );
  }

  private protectMain(name: string, { approvals }: RepositoryArgs, repositoryId: pulumi.Output<string>): void {
    const requiredApprovingReviewCount = approvals ?? 1;
    new github.BranchProtection(
      `${name}-main`,
      {
        repositoryId,
        pattern: "main",
        enforceAdmins: true,
        allowsForcePushes: false,
        allowsDeletions: false,
        requireConversationResolution: true,
        requiredLinearHistory: true,
        requiredPullRequestReviews: [
          {
            requiredApprovingReviewCount,
            dismissStaleReviews: true,
            // The last push must be approved by somebody else; nobody could with no approvals at all.
            requireLastPushApproval: requiredApprovingReviewCount > 0,
          },
        ],
      },
      { parent: this },
    );
  }

  private restrictActions(name: string, { allowedActions }: RepositoryArgs, repository: pulumi.Output<string>): void {
    new github.ActionsRepositoryPermissions(
      `${name}-actions`,
      {
        repository,
        enabled: true,
        allowedActions: "selected",
        allowedActionsConfig: {
          githubOwnedAllowed: true,
          verifiedAllowed: true,
          patternsAlloweds: [...(allowedActions ?? [])].sort(),
        },
        shaPinningRequired: true,
      },
      { parent: this },
    );
    new github.WorkflowRepositoryPermissions(
      `${name}-workflow-token`,
      { repository, defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false },
      { parent: this },
    );
  }

  private createEnvironments(
    name: string,
    environments: readonly EnvironmentPlan[],
    repository: pulumi.Output<string>,
  ): void {
    for (const { environment, policies } of environments) {
      const created = new github.RepositoryEnvironment(
        `${name}-environment-${environment}`,
        {
          repository,
          environment,
          canAdminsBypass: false,
          deploymentBranchPolicy: { customBranchPolicies: true, protectedBranches: false },
        },
        { parent: this },
      );
      for (const { key, branchPattern } of policies) {
        new github.RepositoryEnvironmentDeploymentPolicy(
          `${name}-environment-${environment}-${key}`,
          { repository, environment: created.environment, branchPattern },
          { parent: this },
        );
      }
    }
  }

  private createSecrets(
    name: string,
    secrets: Readonly<Record<string, pulumi.Input<string>>>,
    repository: pulumi.Output<string>,
  ): void {
    for (const [key, value] of Object.entries(secrets)) {
      new github.ActionsSecret(
        `${name}-secret-${key}`,
        { repository, secretName: secretName(key), value: pulumi.secret(value) },
        { parent: this },
      );
    }
  }
}
