import { inspect } from "node:util";

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
  /**
   * Paths of other parts this problem rests on, for example the entry that a name refers to: when one of them is mistaken
   * itself, only that mistake is reported. @default none
   */
  readonly about?: readonly string[];
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
  const text = asText(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** As it really is: of a function there is no JSON. */
const stringify: (value: unknown) => string | undefined = JSON.stringify;

function asText(value: unknown): string {
  try {
    return stringify(value) ?? String(value);
  } catch {
    // Only what JSON cannot say comes here: a bigint, a cycle.
    return inspect(value, { depth: 1, breakLength: Infinity });
  }
}

/** A list of names as it is offered in a problem. */
export function oneOf(names: readonly string[]): string {
  if (names.length === 0) return "none is declared";
  return `${names.length === 1 ? "" : "one of "}${[...names].sort().join(", ")}`;
}
