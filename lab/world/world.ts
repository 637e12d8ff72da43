import { randomBytes } from "node:crypto";
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";

import type { WorldData } from "./data";
import { parse, print } from "./format";
import { locked } from "./lock";

/** The world file cannot be used; its message names the file and says what to do. */
export class WorldError extends Error {
  override readonly name = "WorldError";
}

/**
 * The simulated world of one stack, kept in a file that a person can read and edit.
 *
 * Every provider process of a run shares the file: changes are made one at a time under a lock beside it
 * (`<path>.lock`), and written to a temporary file that then takes its place, so a reader never sees half a world and a
 * process that dies in the middle leaves the previous one. A file that does not exist yet is created empty, with a new
 * salt, in its existing folder; a file that is not a world is never overwritten.
 *
 * @throws WorldError when the file is malformed or its folder is missing
 */
export class World {
  readonly path: string;
  /** Changes of this process, one after the other: only other processes are waited for at the lock. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** The world as it is now. Changing the result changes nothing. */
  read(): WorldData {
    if (!existsSync(this.path)) this.begin();
    const result = parse(readFileSync(this.path, "utf8"));
    if ("data" in result) return result.data;
    throw new WorldError(
      `The simulated world ${this.path} cannot be used:\n${result.problems.map((problem) => `  - ${problem}\n`).join("")}` +
        "Correct the file by hand, or remove it to start from an empty world. Nothing has been written to it.",
    );
  }

  /** Applies `change` to the world as it is now, alone, and keeps the result. Nothing is kept when `change` throws. */
  async update<T>(change: (data: WorldData) => T): Promise<T> {
    const turn = this.queue.then(() => locked(this.path, () => this.apply(change)));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private apply<T>(change: (data: WorldData) => T): T {
    const data = this.read();
    const before = print(data);
    const result = change(data);
    const after = print(data);
    if (after !== before) {
      const temporary = this.temporary();
      writeFileSync(temporary, after, { mode: 0o600 });
      renameSync(temporary, this.path);
    }
    return result;
  }

  /** Links rather than writes, so that of two processes that begin the same world only one does. */
  private begin(): void {
    if (!existsSync(dirname(this.path)))
      throw new WorldError(
        `The simulated world ${this.path} has no folder. Start the lab with \`make up\`, which creates it.`,
      );
    const note = `Simulated world of stack ${basename(dirname(this.path))}. Nothing in it exists. Edit it by hand to play drift.`;
    const temporary = this.temporary();
    const empty: WorldData = { note, salt: randomBytes(16).toString("hex"), faults: [], resources: {} };
    writeFileSync(temporary, print(empty), { mode: 0o600 });
    try {
      linkSync(temporary, this.path);
    } catch (error) {
      if (!existsSync(this.path)) throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  private temporary(): string {
    return `${this.path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  }
}
