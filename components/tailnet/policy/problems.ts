/** One mistake in a policy, or in what it is evaluated with. */
export interface PolicyProblem {
  /** Where, as one would reach it in code: acls[3].dst[0] */
  readonly path: string;
  /** The value as it is written; none when something is missing. */
  readonly value?: unknown;
  /** What is wrong. */
  readonly reason: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** Everything that is wrong with a policy, at once. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";

  constructor(
    readonly problems: readonly PolicyProblem[],
    what = "The tailnet policy",
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${what} has ${count}:\n${problems.map((problem) => `  ${sayProblem(problem)}`).join("\n")}`);
  }
}

/** @throws PolicyError when there is any problem */
export function refuseIfAny(problems: readonly PolicyProblem[], what?: string): void {
  if (problems.length > 0) throw new PolicyError(problems, what);
}

function sayProblem({ path, value, reason, allowed, remedy }: PolicyProblem): string {
  const shown = value === undefined ? "" : `${JSON.stringify(value)} `;
  return `${path === "" ? "the policy" : path}: ${shown}${reason}; allowed: ${allowed}; ${remedy}`;
}
