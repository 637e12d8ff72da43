import { readFileSync } from "node:fs";
import { readPolicy, type Policy, PolicyError, type Server } from "../../components/tailnet/policy";
import {
  compareMatrices,
  compile,
  type Matrix,
  matrix,
  nodesOf,
  toJson,
  toMarkdown,
  toText,
} from "../../components/tailnet/reach";
import { planPolicy } from "../../components/tailnet/policy.plan";
import { loadStack } from "../../stacks";
import type { Command, Context } from "../cli/context";
import { CommandError, exit } from "../cli/exit";
import { type NodesFile, readNodesFile } from "../cli/nodesFile";

/** Prints who reaches what: in a stack's tailnet, or under any policy file; or what changes from one policy to another. */
export const reach: Command = {
  name: "reach",
  summary: "print who reaches what in the stack's tailnet, or under any policy file (--policy, --nodes; see README)",
  run(context) {
    const { policy, nodes, server } = subject(context);
    const after = matrixOf(policy, nodes, server);
    const { before, format } = context.reach;
    if (before === undefined) printMatrix(context, after);
    else printChanges(context, matrixOf(readFrom(before, server), nodes, server), after, format === "json");
    return Promise.resolve(exit.ok);
  },
};

interface Subject {
  readonly policy: Policy;
  readonly nodes: NodesFile;
  readonly server: Server;
}

/** The policy and the nodes in question: those of files where they are given, else the stack's own. */
function subject({ stack, reach: asked }: Context): Subject {
  const server = readServer(asked.server);
  if (asked.policy !== undefined) {
    if (asked.nodes === undefined)
      throw new CommandError("--policy FILE needs --nodes FILE: who is in the tailnet it is for", exit.usage);
    const from = server ?? "headscale";
    return { policy: readFrom(asked.policy, from), nodes: nodesFrom(asked.nodes), server: from };
  }
  const spec = loadStack(stack);
  return {
    policy: planPolicy(spec),
    nodes: asked.nodes === undefined ? { nodes: nodesOf(spec) } : nodesFrom(asked.nodes),
    server: server ?? spec.tailnet.control.kind,
  };
}

function readServer(server: string | undefined): Server | undefined {
  if (server === undefined || server === "headscale" || server === "tailscale") return server;
  throw new CommandError(`There is no server "${server}". --server is one of: headscale, tailscale`, exit.usage);
}

function matrixOf(policy: Policy, { nodes, users }: NodesFile, server: Server): Matrix {
  return explained(() => matrix(compile(policy, nodes, { server, ...(users === undefined ? {} : { users }) })));
}

function readFrom(file: string, server: Server): Policy {
  return explained(() => readPolicy(textOf(file), server));
}

function nodesFrom(file: string): NodesFile {
  return readNodesFile(textOf(file), file);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      exit.usage,
    );
  }
}

/** What is wrong with a policy is the user's to know, without a stack trace. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PolicyError) throw new CommandError(error.message, exit.usage);
    throw error;
  }
}

function printMatrix({ print, reach: { format } }: Context, reached: Matrix): void {
  if (format === "json") print(JSON.stringify(toJson(reached), undefined, 2));
  else print((format === "markdown" ? toMarkdown(reached) : toText(reached)).trimEnd());
}

function printChanges({ print }: Context, before: Matrix, after: Matrix, asJson: boolean): void {
  const changes = compareMatrices(before, after);
  if (asJson) print(JSON.stringify(changes, undefined, 2));
  else if (changes.length === 0) print("Nobody's reach changes.");
  else for (const { text } of changes) print(text);
}
