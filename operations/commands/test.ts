import { mkdirSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { elapsed } from "../../lab/plain/progress.cjs";
import { fullLabTools, type pins } from "../../lab/tools";
import type { Command, Context } from "../cli/context";
import { exit } from "../cli/exit";
import { runHere } from "../cli/process";
import { tool } from "../cli/session";

/** Runs the tests, and leaves their results in .lab/test/ for who counts them (.ci/run). */
export const test: Command = {
  name: "test",
  summary: "run all tests but those of the full lab: unit, then engine (the real Pulumi CLI in labs of their own)",
  // In this order: what is quick to fail comes first.
  run: (context) => runProjects(context, ["unit", "engine"], []),
};

/** Runs the tests that need real control planes. */
export const testLab: Command = {
  name: "test-lab",
  summary: "run the tests that need real servers and plugins: headscale with clients, talosctl, the Proxmox provider",
  run: (context) => runProjects(context, ["lab"], fullLabTools),
};

type Project = "unit" | "engine" | "lab";

async function runProjects(
  context: Context,
  projects: readonly Project[],
  more: readonly (keyof typeof pins)[],
): Promise<number> {
  const results = join(context.root, ".lab", "test");
  mkdirSync(results, { recursive: true });
  // Got before the tests, which have time limits that a build would exceed.
  const directories: string[] = [];
  for (const name of ["pulumi", "helm", ...more] as const) directories.push(dirname((await tool(context, name)).path));
  const path = [...directories, process.env["PATH"] ?? ""].join(delimiter);
  const failed: string[] = [];
  for (const project of projects) {
    const start = Date.now();
    const file = join(results, `${project}.json`);
    rmSync(file, { force: true });
    const jest = join(context.root, "node_modules", ".bin", "jest");
    // jest writes its report to stderr and the JSON to the file.
    const code = await runHere(jest, ["--selectProjects", project, "--json", "--outputFile", file], {
      cwd: context.root,
      env: { ...process.env, PATH: path },
    });
    context.print(`${project} tests: ${code === 0 ? "ok" : "FAILED"} (${elapsed(Date.now() - start)})`);
    if (code !== 0) failed.push(project);
  }
  return failed.length === 0 ? exit.ok : exit.failed;
}
