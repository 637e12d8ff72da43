import { spawn } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { progress, type ProgressOptions } from "../plain/progress.cjs";
import { onPath } from "./program";
import { moduleOf, type ToolPin } from "./pins";

const shownLines = 30;

/** Whether Go can be called at all. Its version is Go's own matter: go.mod says which it takes. */
export function hasGo(env: NodeJS.ProcessEnv): boolean {
  return onPath("go", env["PATH"] ?? "").length > 0;
}

/**
 * Builds a tool from its pins in tools/<name>, showing the time it takes.
 *
 * @param binary where it goes
 * @param label what is being done and why
 * @throws Error with the end of Go's own output
 */
export async function build(
  root: string,
  pin: ToolPin,
  binary: string,
  label: string,
  options?: ProgressOptions,
): Promise<void> {
  const shown = progress(label, options);
  const source = `${binary}.source`;
  const directory = pin.generate === undefined ? moduleOf(root, pin) : source;
  const tags = pin.tags === undefined ? [] : ["-tags", pin.tags];
  const args = ["build", "-mod=readonly", "-trimpath", ...tags, "-ldflags", pin.ldflags, "-o", binary, pin.package];
  try {
    if (pin.generate !== undefined) {
      cpSync(moduleOf(root, pin), source, { recursive: true });
      await go(pin.generate, directory);
    }
    await go(args, directory);
    shown.done(`Built ${pin.name} ${pin.version}`);
  } catch (error) {
    shown.failed(`Building ${pin.name} ${pin.version} failed`);
    throw error;
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}

async function go(args: readonly string[], directory: string): Promise<void> {
  const output: string[] = [];
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn("go", args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        output.push(data.toString());
      });
    }
    // A build that nobody waits for any more would go on for minutes.
    const stop = (): void => {
      child.kill();
    };
    process.once("exit", stop);
    child.once("error", reject);
    child.once("close", (ended) => {
      process.off("exit", stop);
      resolve(ended ?? 1);
    });
  });
  if (code === 0) return;
  const tail = output.join("").trimEnd().split("\n").slice(-shownLines).join("\n");
  throw new Error(`go ${args.join(" ")} in ${directory} ended with code ${String(code)}:\n${tail}`);
}
