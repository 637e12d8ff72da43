import { mkdirSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { elapsed } from "../../lab/plain/progress.cjs";
import type { Command } from "../cli/context";
import { exit } from "../cli/exit";
import { runHere } from "../cli/process";
import { tool } from "../cli/session";

/** In this order: what is quick to fail comes first. */
const projects = ["unit", "engine"] as const;

/** Runs the tests, and leaves their results in .lab/test/ for who counts them (.ci/run). */
export const test: Command = {
  name: "test",
  summary: "run all tests: unit, then engine (the real Pulumi CLI in labs of their own)",
  async run(context) {
    const results = join(context.root, ".lab", "test");
    rmSync(results, { recursive: true, force: true });
    mkdirSync(results, { recursive: true });
    // Got before the tests, which have time limits that a build would exceed.
    const needed = [await tool(context, "pulumi"), await tool(context, "helm")];
    const path = [...needed.map((found) => dirname(found.path)), process.env["PATH"] ?? ""].join(delimiter);
    const failed: string[] = [];
    for (const project of projects) {
      const start = Date.now();
      const jest = join(context.root, "node_modules", ".bin", "jest");
      const output = ["--json", "--outputFile", join(results, `${project}.json`)];
      // jest writes its report to stderr and the JSON to the file.
      const code = await runHere(jest, ["--selectProjects", project, ...output], {
        cwd: context.root,
        env: { ...process.env, PATH: path },
      });
      context.print(`${project} tests: ${code === 0 ? "ok" : "FAILED"} (${elapsed(Date.now() - start)})`);
      if (code !== 0) failed.push(project);
    }
    return failed.length === 0 ? exit.ok : exit.failed;
  },
};
