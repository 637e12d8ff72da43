import { execFile, spawn } from "node:child_process";

export interface ProcessOptions {
  readonly cwd: string;
  /** @default the environment of this process */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program in this terminal and returns its exit code. Ctrl-C is the program's to handle: this waits for it. */
export function runHere(program: string, args: readonly string[], options: ProcessOptions): Promise<number> {
  const wait = (): void => undefined;
  process.on("SIGINT", wait);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: "inherit" });
    const stop = (): void => {
      child.kill("SIGTERM");
    };
    process.once("SIGTERM", stop);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("SIGTERM", stop);
      resolve(code ?? (signal === "SIGINT" ? 130 : signal === "SIGKILL" ? 137 : 143));
    });
  }).finally(() => process.off("SIGINT", wait));
}

/** Runs a program and returns what it prints; undefined when it fails. */
export function read(program: string, args: readonly string[], options: ProcessOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, [...args], { ...options, maxBuffer: 256 * 1024 * 1024 }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}
