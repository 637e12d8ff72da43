import { fstatSync } from "node:fs";

/** How often to look whether the parent still lives, and how long calls may finish when it does not. Milliseconds. */
const watchEvery = 1000;
const grace = 2000;
/** For the last answer to leave the process. Milliseconds. */
const flush = 20;

/** The calls under way. */
export class Calls {
  private count = 0;
  private whenIdle: (() => void) | undefined;

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.count++;
    try {
      return await work();
    } finally {
      this.count--;
      if (this.count === 0) this.whenIdle?.();
    }
  }

  /** Calls back when nothing is under way; at once when nothing is. */
  idle(done: () => void): void {
    if (this.count === 0) done();
    else this.whenIdle = done;
  }
}

/**
 * Ends the process when the engine asks for it (SIGINT, which it then waits for) or is gone: when its end of stdin closes,
 * or when the process has got another parent. Calls under way are finished first, so that no lock is left behind.
 */
export function stopWithEngine(calls: Calls): void {
  const stop = () => {
    calls.idle(() => setTimeout(() => process.exit(0), flush));
    setTimeout(() => process.exit(0), grace).unref();
  };
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, watchEvery).unref();
  if (stdinIsHeld()) process.stdin.on("end", stop).on("error", stop).resume();
  // Ctrl-C at a terminal does not come here: the engine gives every plugin a process group of its own.
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

/** The engine holds a pipe; at a terminal or with /dev/null there is no end to wait for. */
function stdinIsHeld(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isSocket();
  } catch {
    return false;
  }
}
