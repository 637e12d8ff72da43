import { derive, getObject, type WorldData } from "../../world";
import type { Model, PackageModels, Placed, Subject } from "../model";
import { get, textAt } from "../values";

// github 6.14.1: outputs and secret outputs from the SDK's types; ids and what replaces from the Terraform provider
// (integrations/terraform-provider-github), refusals from the REST API.

const token = (name: string) => `github:index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
const repositoryType = token("Repository");
const then = "2026-01-01 00:00:00 +0000 UTC";

/** A number such as GitHub gives everything. */
const number = (subject: Subject, what: string): number =>
  Number.parseInt(derive(subject.salt, "github", what, subject.urn).slice(0, 7), 16);
const owner = (subject: Subject): string => textAt(subject.config, "owner") || "simulated";
const node = (subject: Subject, prefix: string): string =>
  `${prefix}_${derive(subject.salt, "github node", subject.urn).slice(0, 16)}`;

const repository: Model = {
  autoName: "name",
  id: ({ inputs }) => textAt(inputs, "name"),
  taken: () =>
    "POST repositories: 422 Repository creation failed. [{Resource:Repository Field:name Code:custom Message:name already exists on this account}]",
  replaceOn: ["template", "sourceOwner", "sourceRepo"],
  computed: [
    "defaultBranch",
    "etag",
    "fullName",
    "gitCloneUrl",
    "htmlUrl",
    "httpCloneUrl",
    "nodeId",
    "primaryLanguage",
    "repoId",
    "sshCloneUrl",
    "svnUrl",
  ],
  volatile: ["etag"],
  defaults: {
    allowAutoMerge: false,
    allowMergeCommit: true,
    allowRebaseMerge: true,
    allowSquashMerge: true,
    archived: false,
    deleteBranchOnMerge: false,
  },
  state: (subject) => {
    const full = `${owner(subject)}/${textAt(subject.inputs, "name")}`;
    const shown =
      textAt(subject.inputs, "visibility") || (get(subject.inputs, "private") === true ? "private" : "public");
    return {
      defaultBranch: "main",
      etag: etag(subject),
      fullName: full,
      gitCloneUrl: `git://github.com/${full}.git`,
      htmlUrl: `https://github.com/${full}`,
      httpCloneUrl: `https://github.com/${full}.git`,
      nodeId: node(subject, "R"),
      primaryLanguage: "",
      private: shown !== "public",
      repoId: number(subject, "repository"),
      sshCloneUrl: `git@github.com:${full}.git`,
      svnUrl: `https://github.com/${full}`,
      visibility: shown,
    };
  },
};

/** Changes with what it stands for, as an etag does. */
function etag(subject: Subject): string {
  return `W/"${derive(subject.salt, "etag", subject.urn, JSON.stringify(Object.keys(subject.inputs).sort())).slice(0, 32)}"`;
}

/** Everything of a repository needs it. */
function needRepository(subject: Placed, world: WorldData): void {
  const name = textAt(subject.inputs, "repository");
  if (name === "" || getObject(world, repositoryType, name) !== undefined) return;
  throw new Error(`GET https://api.github.com/repos/${owner(subject)}/${name}: 404 Not Found []`);
}

/** Belongs to a repository; its id joins the named inputs. */
function within(keys: readonly string[], model: Model = {}): Model {
  return {
    id: ({ inputs }) => keys.map((key) => textAt(inputs, key)).join(":"),
    replaceOn: keys,
    upsert: true,
    verify: needRepository,
    ...model,
    // Only what the model makes: a repository's number follows from the repository.
    state: (subject) => ({ ...model.state?.(subject) }),
  };
}

const secretNames = ["encryptedValue", "plaintextValue", "value", "valueEncrypted"];
const secret: Model = {
  secret: secretNames,
  computed: ["createdAt", "updatedAt", "remoteUpdatedAt"],
  state: () => ({ createdAt: then, updatedAt: then, remoteUpdatedAt: then }),
};
const variable: Model = { computed: ["createdAt", "updatedAt"], state: () => ({ createdAt: then, updatedAt: then }) };

const runnerGroup: Model = {
  form: (digits) => String(Number.parseInt(digits.slice(0, 5), 16)),
  computed: ["default", "etag", "inherited", "runnersUrl", "selectedRepositoriesUrl"],
  state: (subject) => {
    const url = `https://api.github.com/orgs/${owner(subject)}/actions/runner-groups/${subject.id}`;
    return {
      default: false,
      etag: etag(subject),
      inherited: false,
      runnersUrl: `${url}/runners`,
      selectedRepositoriesUrl: `${url}/repositories`,
    };
  },
};

const resources = new Map<string, Model>([
  [repositoryType, repository],
  [token("ActionsSecret"), within(["repository", "secretName"], secret)],
  [token("ActionsVariable"), within(["repository", "variableName"], variable)],
  [token("ActionsEnvironmentSecret"), within(["repository", "environment", "secretName"], secret)],
  [token("ActionsEnvironmentVariable"), within(["repository", "environment", "variableName"], variable)],
  [token("ActionsOrganizationSecret"), within(["secretName"], secret)],
  [token("ActionsOrganizationVariable"), within(["variableName"], variable)],
  [token("RepositoryEnvironment"), within(["repository", "environment"])],
  [
    token("RepositoryEnvironmentDeploymentPolicy"),
    within(["repository", "environment"], {
      id: (subject) =>
        `${textAt(subject.inputs, "repository")}:${textAt(subject.inputs, "environment")}:${number(subject, "policy")}`,
      computed: ["policyId"],
      state: (subject) => ({ policyId: number(subject, "policy") }),
    }),
  ],
  ...[
    "ActionsRepositoryPermissions",
    "WorkflowRepositoryPermissions",
    "RepositoryVulnerabilityAlerts",
    "RepositoryDependabotSecurityUpdates",
    "BranchDefault",
  ].map((name): [string, Model] => [token(name), within(["repository"])]),
  [token("BranchProtection"), { form: (digits) => `BPR_${digits.slice(0, 16)}`, replaceOn: ["repositoryId"] }],
  [
    token("RepositoryRuleset"),
    {
      form: (digits) => String(Number.parseInt(digits.slice(0, 6), 16)),
      replaceOn: ["repository"],
      computed: ["etag", "nodeId", "rulesetId"],
      verify: needRepository,
      state: (subject) => ({ etag: etag(subject), nodeId: node(subject, "RRS"), rulesetId: Number(subject.id) }),
    },
  ],
  [token("ActionsRunnerGroup"), runnerGroup],
]);

export const github: PackageModels = { resource: (type) => resources.get(type), invokes: new Map() };
