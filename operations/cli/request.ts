import { parseArgs } from "node:util";
import type { LabKind } from "../../lab/launch";
import { CommandError, exit } from "./exit";

/** In which world a stack runs. */
export type World = "none" | LabKind;

/** What a call of the estate command asks for. */
export interface Request {
  readonly command: string;
  readonly stack: string;
  readonly world: World;
  /** Go ahead without asking. @default false */
  readonly yes: boolean;
  /** Look at what is there before an update, so that it puts drift right, too. @default false */
  readonly refresh: boolean;
  /** What `reach` is asked, as it stands on the command line. */
  readonly reach: ReachRequest;
}

/** A policy that is none of the project's own, and who is in its tailnet. */
export interface ReachRequest {
  /** File with the policy. @default the policy of the stack */
  readonly policy?: string;
  /** File with the nodes. */
  readonly nodes?: string;
  /** "headscale" or "tailscale". @default "headscale"; a stack's own control server */
  readonly server?: string;
  /** File with a policy to compare with: what changes from that one to this one. */
  readonly before?: string;
  /** How the answer is written. @default "text" */
  readonly format: "text" | "json" | "markdown";
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
  const isSet = (value = ""): boolean => ["1", "true", "yes"].includes(value);
  return {
    command,
    stack,
    world: readWorld(world),
    yes: isSet(values.yes),
    refresh: isSet(values.refresh),
    reach: readReach(values),
  };
}

function readReach(values: ReturnType<typeof parse>["values"]): ReachRequest {
  const given = Object.fromEntries(
    (["policy", "nodes", "server", "before"] as const).flatMap((name) => (values[name] ? [[name, values[name]]] : [])),
  );
  return { ...given, format: values.json === true ? "json" : values.markdown === true ? "markdown" : "text" };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        stack: { type: "string" },
        lab: { type: "string" },
        yes: { type: "string" },
        refresh: { type: "string" },
        policy: { type: "string" },
        nodes: { type: "string" },
        server: { type: "string" },
        before: { type: "string" },
        json: { type: "boolean" },
        markdown: { type: "boolean" },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function readWorld(world: string): World {
  const found = worlds.find((one) => one === world);
  if (found !== undefined) return found;
  throw usage(`There is no world "${world}". LAB is one of: ${worlds.join(", ")}`);
}

function usage(message: string): CommandError {
  return new CommandError(message, exit.usage);
}
