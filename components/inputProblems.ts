import * as pulumi from "@pulumi/pulumi";

/** One mistake in a component's arguments. */
export interface InputProblem {
  /** Where, in the user's words: hosts.demo.access */
  readonly propertyPath: string;
  /** What is wrong with which value, what is allowed and what to do. */
  readonly reason: string;
}

/**
 * Refuses a component's arguments with every problem at once, or does nothing when there is none.
 *
 * @param component how the message calls the component, for example `PublicEdge "edge"`
 * @throws InputPropertiesError whose message lists all problems, because a program's own errors are printed by message
 */
export function refuse(component: string, problems: readonly InputProblem[]): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
  throw new pulumi.InputPropertiesError({
    message: `${component} has ${count}:\n${lines.join("\n")}`,
    errors: problems.map((problem) => ({ ...problem })),
  });
}
