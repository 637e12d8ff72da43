/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** What it does, in the words it gave. */
  readonly purpose: string;
}

export interface PidLockOptions {
  /** Called once per holder that has to be waited for. */
  readonly onWait?: (holder: LockHolder) => void;
  /** @default 200 */
  readonly pollMilliseconds?: number;
}

/**
 * Runs `work` while holding a lock file that carries this process's id. Waits while a living process holds it; the
 * lock of a process that is gone (kill -9, power cut) is taken over.
 */
export function withPidLock<T>(
  file: string,
  purpose: string,
  work: () => Promise<T> | T,
  options?: PidLockOptions,
): Promise<T>;
