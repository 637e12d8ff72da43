import { spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";

const project = resolve(__dirname, "../../..");

/** What a command of the project printed and how it ended. */
export interface Run {
  readonly code: number | null;
  readonly output: string;
}

const worldSchema = z.looseObject({
  faults: z.array(z.record(z.string(), z.unknown())).default([]),
  resources: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))),
});
type WorldFile = z.infer<typeof worldSchema>;

/**
 * A checkout of its own for one suite: every entry of the project by symbolic link, so that its `.lab` is its own and a suite may put
 * files of its own in place of the project's. What runs in it is the real CLI, the real engine and the simulator.
 */
export class Lab {
  readonly root = mkdtempSync(join(tmpdir(), "estate-engine-"));

  /** @param replaced files written instead of linked, by their path in the checkout (top level only) */
  constructor(replaced: Readonly<Record<string, string>> = {}) {
    for (const entry of readdirSync(project)) {
      if (entry === ".lab" || entry === ".git" || entry in replaced) continue;
      symlinkSync(join(project, entry), join(this.root, entry));
    }
    for (const [path, content] of Object.entries(replaced)) writeFileSync(join(this.root, path), content);
  }

  /** Runs an estate command to its end: make's targets are thin calls of it. */
  async estate(command: string, options: Readonly<Record<string, string>> = {}): Promise<Run> {
    return finished(this.start(command, options));
  }

  /** Starts an estate command. */
  start(command: string, options: Readonly<Record<string, string>> = {}): ChildProcess {
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const args = ["--import", "tsx", join(this.root, "operations/estate.ts"), command, ...flags];
    return spawn(process.execPath, ["--preserve-symlinks-main", ...args], { cwd: this.root, env: this.environment() });
  }

  /** Runs a line of shell in the checkout, as a person would type it. */
  async shell(line: string, environment: Readonly<Record<string, string>> = {}): Promise<Run> {
    const env = { ...this.environment(), ...environment };
    return finished(spawn("bash", ["-c", line], { cwd: this.root, env }));
  }

  /** The simulated world of a stack; undefined when there is none. */
  world(stack = "dev"): WorldFile | undefined {
    const file = this.worldFile(stack);
    return existsSync(file) ? worldSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
  }

  /** Edits the world by hand, so to speak. */
  edit(change: (world: WorldFile) => void, stack = "dev"): void {
    const world = this.world(stack);
    if (world === undefined) throw new Error(`stack ${stack} has no world yet`);
    change(world);
    this.writeWorld(world, stack);
  }

  /** Forgets everything a lab has, state and world. */
  forget(): void {
    rmSync(join(this.root, ".lab"), { recursive: true, force: true });
  }

  /** Puts a world in place of a stack's. */
  writeWorld(world: WorldFile, stack = "dev"): void {
    mkdirSync(dirname(this.worldFile(stack)), { recursive: true });
    writeFileSync(this.worldFile(stack), JSON.stringify(world, undefined, 2));
  }

  worldFile(stack: string): string {
    return join(this.root, ".lab", stack, "world.json");
  }

  /** Type and id of everything in the world, sorted. */
  inventory(stack = "dev"): string[] {
    const resources = this.world(stack)?.resources ?? {};
    return Object.entries(resources)
      .flatMap(([type, objects]) => Object.keys(objects).map((id) => `${type} ${id}`))
      .sort();
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The caller's environment without anything of Pulumi or of a stack. */
  private environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(PULUMI|ESTATE_STACK|ESTATE_LAB|JEST|NODE_ENV)/.test(name),
    );
    return Object.fromEntries(own);
  }
}

/** A number of the engine's summary: count(run, "created") is 95 when it says "+ 95 created"; 0 when it says nothing. */
export function count({ output }: Run, what: string): number {
  const [, number = "0"] = new RegExp(`^\\s+(?:\\S+ )?(\\d+) ${what}$`, "m").exec(output) ?? [];
  return Number(number);
}

/** Everything that the engine's summary says it changed or would change. */
export function changes(run: Run): string[] {
  const done = ["created", "updated", "replaced", "deleted"];
  const planned = ["to create", "to update", "to replace", "to delete"];
  return [...done, ...planned].filter((what) => count(run, what) > 0);
}

/** Passes a run on when it ended well; otherwise shows what it printed. */
export function ok(run: Run): Run {
  if (run.code === 0) return run;
  throw new Error(`the command ended with ${String(run.code)}:\n${run.output.slice(-6000)}`);
}

/** Waits for a process and collects what it prints, both streams in the order of their arrival. */
export function finished(child: ChildProcess): Promise<Run> {
  const chunks: string[] = [];
  child.stdout?.on("data", (data: Buffer) => chunks.push(data.toString()));
  child.stderr?.on("data", (data: Buffer) => chunks.push(data.toString()));
  return new Promise((resolvePromise, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolvePromise({ code, output: chunks.join("") });
    });
  });
}
