import { setTimeout as sleep } from "node:timers/promises";

import { lock } from "proper-lockfile";

/** A lock this old belongs to a process that died; its owner would have renewed it at half that age. Milliseconds. */
const stale = 4000;
/** How long a change waits for its turn before it gives up. Milliseconds. */
const patience = 60_000;

/**
 * Does `work` while no other process does any under the same path's lock (`<path>.lock`). `work` is synchronous, so that
 * the lock is held for milliseconds. The lock of a process that was killed is taken over after some four seconds.
 */
export async function locked<T>(path: string, work: () => T): Promise<T> {
  const release = await acquire(path);
  try {
    return work();
  } finally {
    await release();
  }
}

async function acquire(path: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + patience;
  for (;;) {
    const started = Date.now();
    const release = await attempt(path);
    // Taken, but the machine slept meanwhile: somebody may already believe it is stale.
    if (release !== undefined && Date.now() - started > stale / 2) await release();
    else if (release !== undefined) return release;
    if (Date.now() > deadline)
      throw new Error(
        `The lock ${path}.lock has been held by another process for ${patience / 1000} s. ` +
          "When no lab runs any more, remove that folder and try again.",
      );
    await sleep(1 + Math.random() * 8);
  }
}

async function attempt(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    const release = await lock(path, { realpath: false, stale, retries: 0, onCompromised: () => undefined });
    return () => release().catch(() => undefined);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ELOCKED") return undefined;
    throw error;
  }
}
