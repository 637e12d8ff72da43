import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How a server is started. */
export interface DaemonRequest {
  readonly program: string;
  readonly args: readonly string[];
  /** Its working directory; created when absent. */
  readonly directory: string;
  /** File that gets everything it prints; appended to. */
  readonly log: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it outlives this process; otherwise it is ended when this process exits. @default false */
  readonly detached?: boolean;
}

/** A running server: its pid, and when that pid was given, so that a later process of the same number is not taken for it. */
export interface Daemon {
  readonly pid: number;
  readonly started: string;
}

/** Starts a server in the background, with what it prints in a file. */
export function startDaemon(request: DaemonRequest): Daemon {
  const { program, args, directory, log, env = {}, detached = false } = request;
  mkdirSync(directory, { recursive: true });
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, "a");
  try {
    const child = spawn(program, [...args], {
      cwd: directory,
      env: { ...process.env, ...env },
      detached,
      stdio: ["ignore", output, output],
    });
    const pid = pidOf(child, program);
    if (detached) child.unref();
    else endWithThisProcess(child);
    return { pid, started: startTime(pid) };
  } finally {
    closeSync(output);
  }
}

function pidOf(child: ChildProcess, program: string): number {
  // Without a listener, a program that cannot be started would end this process.
  child.once("error", () => undefined);
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  return child.pid;
}

function endWithThisProcess(child: ChildProcess): void {
  const end = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
}

/** Remembers a running server in a file, for another process to stop it. */
export function writeDaemon(file: string, daemon: Daemon): void {
  writeFileSync(file, JSON.stringify(daemon), { mode: 0o600 });
}

/** The server remembered in a file, while it runs; undefined otherwise. */
export function readDaemon(file: string): Daemon | undefined {
  if (!existsSync(file)) return undefined;
  const [, pid, started] = /^\{"pid":(\d+),"started":"(\d*)"\}$/.exec(readFileSync(file, "utf8")) ?? [];
  if (pid === undefined || started === undefined) return undefined;
  const daemon = { pid: Number(pid), started };
  return isRunning(daemon) ? daemon : undefined;
}

/** Whether a server still runs: the very process that was started, and not one that is dead but not collected yet. */
export function isRunning({ pid, started }: Daemon): boolean {
  return isAlive(pid) && startTime(pid) === started;
}

/** Whether there is a process of that number; one that is dead but not collected yet is none. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process: it is there, and may not be signalled.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return processState(pid) !== "Z";
}

/** Ends a server: asks it to, waits (milliseconds), then kills it. Nothing happens when it no longer runs. */
export async function stopDaemon(daemon: Daemon, patience = 5_000): Promise<void> {
  if (!isRunning(daemon)) return;
  process.kill(daemon.pid, "SIGTERM");
  if (await ends(daemon, patience)) return;
  process.kill(daemon.pid, "SIGKILL");
  if (!(await ends(daemon, patience))) throw new Error(`Process ${daemon.pid} does not end`);
}

async function ends(daemon: Daemon, patience: number): Promise<boolean> {
  const until = Date.now() + patience;
  while (Date.now() < until) {
    if (!isRunning(daemon)) return true;
    await sleep(20);
  }
  return !isRunning(daemon);
}

/** Waits for something a server does, as long as it runs and at most so many milliseconds. */
export async function waitFor(
  what: string,
  daemon: Daemon,
  log: string,
  check: () => Promise<boolean>,
  limit = 20_000,
): Promise<void> {
  const until = Date.now() + limit;
  // Another program may answer in its place, while it itself has ended.
  while (!((await check()) && isRunning(daemon))) {
    const dead = !isRunning(daemon);
    if (dead || Date.now() > until) {
      const reason = dead ? "it ended" : `it did not within ${limit / 1000} s`;
      throw new Error(`${what}: ${reason}. The end of ${log}:\n${tail(log)}`);
    }
    await sleep(50);
  }
}

/** The last lines of a log. */
export function tail(log: string, lines = 15): string {
  return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").slice(-lines).join("\n") : "(no log)";
}

/** Runs a program and returns what it prints; an error says what it printed. Bounded in time (milliseconds). */
export function capture(program: string, args: readonly string[], limit = 30_000): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { timeout: limit, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")} failed: ${stderr.trim() || stdout.trim() || error.message}`));
    });
  });
}

/** Fields of proc_pid_stat(5) from the state on; those before it may hold anything, in brackets. Empty where there is no /proc. */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function processState(pid: number): string {
  return statOf(pid)[0] ?? "";
}

function startTime(pid: number): string {
  return statOf(pid)[19] ?? "";
}
