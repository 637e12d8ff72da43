import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { readVersion, type ToolPin } from "./pins";

/**
 * The program's files on PATH, in order. The lab's own wrappers are left out: after `eval "$(make env)"` they come first
 * on PATH, and a wrapper that called itself would never end.
 */
export function onPath(name: string, path: string): string[] {
  return path
    .split(delimiter)
    .filter((directory) => directory !== "" && !directory.split(sep).includes(".lab"))
    .map((directory) => join(directory, name))
    .filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The version a program says it has; undefined when it does not run or says none. */
export function versionOf(program: string, pin: Pick<ToolPin, "versionArgs">): Promise<string | undefined> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return new Promise((resolve) => {
    execFile(program, [...pin.versionArgs], { env, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve(error === null ? readVersion(`${stdout}\n${stderr}`) : undefined);
    });
  });
}
