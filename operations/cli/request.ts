import { parseArgs } from "node:util";
import { CommandError, exit } from "./exit";

/** In which world a stack runs. */
export type World = "none" | "embedded";

/** What a call of the estate command asks for. */
export interface Request {
  readonly command: string;
  readonly stack: string;
  readonly world: World;
  /** Go ahead without asking. @default false */
  readonly yes: boolean;
}

const worlds = ["none", "embedded", "full"] as const;

/**
 * Reads the command line. Empty values count as not given, because make passes them like that.
 *
 * @param stacks the stacks there are
 * @throws CommandError (code 2) that lists what is allowed
 */
export function readRequest(args: readonly string[], stacks: readonly string[]): Request {
  const { values, positionals } = parse(args);
  const [command = "help", ...more] = positionals;
  if (more.length > 0) throw usage(`Too many arguments: ${more.join(" ")}`);
  const stack = values.stack || "dev";
  if (!stacks.includes(stack)) throw usage(`There is no stack "${stack}". STACK is one of: ${stacks.join(", ")}`);
  const world = values.lab || (stack === "dev" ? "embedded" : "none");
  return { command, stack, world: readWorld(world), yes: ["1", "true", "yes"].includes(values.yes ?? "") };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { stack: { type: "string" }, lab: { type: "string" }, yes: { type: "string" } },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function readWorld(world: string): World {
  if (world === "none" || world === "embedded") return world;
  if (world === "full") {
    throw usage(
      "LAB=full (real control planes on this machine) is not there yet. Use LAB=embedded, which simulates every provider.",
    );
  }
  throw usage(`There is no world "${world}". LAB is one of: ${worlds.join(", ")}`);
}

function usage(message: string): CommandError {
  return new CommandError(message, exit.usage);
}
