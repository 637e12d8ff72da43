import { setTimeout as sleep } from "node:timers/promises";

/** How often and how patiently something is tried again. */
export interface Patience {
  /** Tries in all. */
  readonly attempts: number;
  /** Wait before the second try, doubled for every further one. Milliseconds. */
  readonly pause: number;
  /** Longest wait between two tries. Milliseconds. @default none */
  readonly longest?: number;
}

/** Tries `work` again while `worthwhile` says so of its error and the patience lasts; then its last error is thrown. */
export async function retry<T>(
  patience: Patience,
  worthwhile: (error: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= patience.attempts || !worthwhile(error)) throw error;
      await sleep(Math.min(patience.pause * 2 ** (attempt - 1), patience.longest ?? Infinity));
    }
  }
}
