import { type InputProblem, refuse } from "../../inputProblems";

/** What decides which resources a repository has. */
export interface RepositoryShape {
  /** Its name on GitHub. */
  readonly repository: string;
  readonly visibility?: Visibility | undefined;
  readonly environments?: Readonly<Record<string, DeploymentEnvironment>> | undefined;
}

export type Visibility = "private" | "internal" | "public";

/** A deployment environment. */
export interface DeploymentEnvironment {
  /** Names or patterns of the branches that may deploy to it. */
  readonly branches: readonly string[];
}

/** An environment and the branches that may deploy to it. */
export interface EnvironmentPlan {
  readonly environment: string;
  readonly policies: readonly {
    /** Stable: the pattern, as far as a resource name can hold it. */
    readonly key: string;
    readonly branchPattern: string;
  }[];
}

/**
 * Computes a repository's environments.
 *
 * @param name how messages call it
 * @param secretKeys names of the estate's secrets that it gets; never their values
 * @throws InputPropertiesError with every problem: a name GitHub does not take, an environment that no branch may deploy to
 */
export function planRepository(
  name: string,
  { repository, environments = {} }: RepositoryShape,
  secretKeys: readonly string[],
): readonly EnvironmentPlan[] {
  const sorted = Object.entries(environments).sort(([a], [b]) => (a < b ? -1 : 1));
  refuse(`Repository "${name}"`, [
    ...nameProblems(repository),
    ...sorted.flatMap(([key, { branches }]) => environmentProblems(`environments.${key}.branches`, branches)),
    ...secretKeys.flatMap(secretProblems),
  ]);
  return sorted.map(([environment, { branches }]) => ({
    environment,
    policies: [...branches].sort().map((branchPattern) => ({ key: patternKey(branchPattern), branchPattern })),
  }));
}

/**
 * The name of an Actions secret on GitHub, where names are upper case: DEPLOY_KEY for deployKey.
 * https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets
 */
export function secretName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function patternKey(pattern: string): string {
  return pattern.replaceAll("/", "-").replaceAll("*", "any");
}

function nameProblems(repository: string): InputProblem[] {
  if (/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(repository)) return [];
  const reason = `"${repository}" is no repository name; allowed are letters, digits, ".", "-" and "_", at most 100; rename it`;
  return [{ propertyPath: "repository", reason }];
}

function environmentProblems(propertyPath: string, branches: readonly string[]): InputProblem[] {
  if (branches.length === 0) {
    return [{ propertyPath, reason: 'no branch may deploy to it; allowed is at least one; add one, such as "main"' }];
  }
  return branches.flatMap((branch, index) => {
    const first = branches.slice(0, index).find((earlier) => patternKey(earlier) === patternKey(branch));
    if (first === undefined) return [];
    const reason = `"${branch}" cannot be told from "${first}" in a resource's name; allowed is each once; remove one`;
    return [{ propertyPath: `${propertyPath}.${index}`, reason }];
  });
}

function secretProblems(key: string): InputProblem[] {
  const propertyPath = `secrets.${key}`;
  if (!/^[a-z][A-Za-z0-9]*$/.test(key)) {
    const reason = `"${key}" is no name of a secret; allowed are letters and digits, starting in lower case, such as deployKey; rename it`;
    return [{ propertyPath, reason }];
  }
  if (!secretName(key).startsWith("GITHUB_")) return [];
  return [{ propertyPath, reason: `GitHub keeps names that start with GITHUB_ for itself; rename "${key}"` }];
}
