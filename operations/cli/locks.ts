import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isAlive } from "../../lab/control/daemon";

/** What Pulumi's file backend writes into a lock (pkg/backend/diy/lock.go). It has no expiry. */
const lockSchema = z.object({ pid: z.number(), hostname: z.string() });

/**
 * Removes the state locks whose holder is dead, and returns their process ids. Only for a lab's own state: a kill -9 of
 * the engine leaves a lock there that would stop every later run, and who holds it can be told for certain.
 */
export function clearDeadLocks(state: string): number[] {
  const locks = join(state, ".pulumi", "locks");
  return lockFiles(locks).flatMap((file) => {
    const lock = read(file);
    if (lock === undefined || lock.hostname !== hostname() || isAlive(lock.pid)) return [];
    rmSync(file, { force: true });
    rmSync(`${file}.attrs`, { force: true });
    return [lock.pid];
  });
}

function lockFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".json"))
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function read(file: string): z.infer<typeof lockSchema> | undefined {
  try {
    return lockSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
