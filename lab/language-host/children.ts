import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { join } from "node:path";
import type { NodeCommand } from "./plan";

// The launcher says where the checkout is: bundled, this file is elsewhere.
const root = process.env["ESTATE_ROOT"] ?? join(__dirname, "..", "..");
const leash = join(root, "lab", "plain", "leash.cjs");
/** How long a child may take to end in order. The engine gives a plugin 5 s before it kills. */
const patienceMilliseconds = 2_000;

/** The processes this host has started. None outlives the host: they also watch it themselves (plain/leash.cjs). */
export class Children {
  readonly #running = new Set<ChildProcess>();

  /** Starts Node, the same that runs this host. */
  startNode(command: NodeCommand, stdio: StdioOptions): ChildProcess {
    const env = { ...command.env, ESTATE_LEASH: String(process.pid) };
    return this.start(process.execPath, ["--require", leash, ...command.args], { ...command, env }, stdio);
  }

  start(program: string, args: readonly string[], where: Omit<NodeCommand, "args">, stdio: StdioOptions): ChildProcess {
    const child = spawn(program, args, { cwd: where.directory, env: where.env, stdio });
    this.#running.add(child);
    child.once("close", () => this.#running.delete(child));
    child.once("error", () => this.#running.delete(child));
    return child;
  }

  /** Asks a child to end, and ends it when it does not. */
  stop(child: ChildProcess): void {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMilliseconds);
    child.once("close", () => {
      clearTimeout(timer);
    });
  }

  stopAll(): void {
    this.#running.forEach((child) => {
      this.stop(child);
    });
  }

  /** Ends all at once, for the moment this host exits itself. */
  killAll(): void {
    this.#running.forEach((child) => child.kill("SIGKILL"));
  }
}

/** How a child ended: its exit code, with 128 + n for a signal as shells count it. */
export function outcome(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve(code ?? (signal === "SIGKILL" ? 137 : 143));
    });
  });
}
