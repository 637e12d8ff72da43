/** One mistake in a spec or its stack configuration, in the words of the person who wrote it. */
export interface Problem {
  /** Where: machines.docker.address */
  readonly path: string;
  /** What is wrong, with the value. */
  readonly problem: string;
  /** What would be right. */
  readonly allowed: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** All mistakes at once. The message is for people: a path, what is wrong, what is allowed and what to do, for each. */
export class SpecError extends Error {
  constructor(
    readonly source: string,
    readonly problems: readonly Problem[],
  ) {
    super(describe(source, problems));
    this.name = "SpecError";
  }
}

function describe(source: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const entries = problems.map(
    ({ path, problem, allowed, remedy }) => `  ${path}: ${problem}\n    allowed: ${allowed}\n    remedy:  ${remedy}`,
  );
  return `${source} has ${count}:\n\n${entries.join("\n\n")}\n`;
}

/** A value as it is quoted in a problem; long ones are cut, so that a message stays readable. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A list of names as it is offered in a problem. */
export function oneOf(names: readonly string[]): string {
  return names.length === 0 ? "none is declared" : `one of ${[...names].sort().join(", ")}`;
}
