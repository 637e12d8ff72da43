import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import type { MachinePlace } from "./place";

/** What a command printed. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** What runs on a machine sees: its own programs first, nothing of the shell that started the lab but PATH. */
export function machineEnvironment({ bin, root, state }: MachinePlace): Record<string, string> {
  const path = [bin, dirname(process.execPath), process.env["PATH"] ?? "/usr/bin:/bin"].join(delimiter);
  return { PATH: path, HOME: root, LANG: "C.UTF-8", HEADSCALE_STATE: state };
}

/**
 * Runs a shell command on a machine, as one over SSH would: it truly runs, in the machine's directory.
 *
 * @param stdin what it reads
 * @throws Error with its exit code and what it wrote to stderr
 */
export function runOn(
  place: MachinePlace,
  command: string,
  stdin = "",
  env: Record<string, string> = {},
): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", command], {
      cwd: place.root,
      env: { ...machineEnvironment(place), ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.on("data", (data: Buffer) => stdout.push(data.toString()));
    child.stderr.on("data", (data: Buffer) => stderr.push(data.toString()));
    // A command that reads nothing may have ended before all of it was written.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    child.once("error", reject);
    child.once("close", (code) => {
      const printed = { stdout: stdout.join("").trimEnd(), stderr: stderr.join("").trimEnd() };
      if (code === 0) resolve(printed);
      else reject(new Error(`Process exited with status ${String(code)}: ${printed.stderr}`));
    });
  });
}
