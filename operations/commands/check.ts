import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { elapsed } from "../../lab/plain/progress.cjs";
import type { Command, Context } from "../cli/context";
import { exit } from "../cli/exit";
import { runHere } from "../cli/process";
import { tool } from "../cli/session";

interface Step {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** Everything that reads the code without running it. All steps run, so that one run shows all there is to mend. */
export const check: Command = {
  name: "check",
  summary: "type check, lint, formatting, workflow files",
  async run(context) {
    const failed: string[] = [];
    for (const { name, program, args } of await steps(context)) {
      const start = Date.now();
      context.print(`${name} ...`);
      const code = await runHere(program, args, { cwd: context.root });
      context.print(`${name}: ${code === 0 ? "ok" : "FAILED"} (${elapsed(Date.now() - start)})`);
      if (code !== 0) failed.push(name);
    }
    if (failed.length > 0) context.print(`Failed: ${failed.join(", ")}`);
    return failed.length === 0 ? exit.ok : exit.failed;
  },
};

async function steps(context: Context): Promise<Step[]> {
  const bin = join(context.root, "node_modules", ".bin");
  return [
    { name: "Types", program: join(bin, "tsc"), args: ["--noEmit", "-p", "."] },
    { name: "Lint", program: join(bin, "eslint"), args: ["--cache", "--cache-location", ".lab/eslint-cache", "."] },
    { name: "Format", program: join(bin, "prettier"), args: ["--check", "--log-level", "warn", "."] },
    ...(await workflowStep(context)),
  ];
}

async function workflowStep(context: Context): Promise<Step[]> {
  const directory = join(context.root, ".github", "workflows");
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory).map((name) => join(directory, name));
  const { path } = await tool(context, "actionlint");
  return [{ name: "Workflows", program: path, args: files }];
}
