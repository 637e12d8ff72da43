import { setTimeout as sleep } from "node:timers/promises";

import { realStage, type Stage } from "../world";

/** The real stage for faults, whose waits end when the engine cancels. */
export class SimulatedTime implements Stage {
  private readonly stop = new AbortController();

  crash(): never {
    return realStage.crash();
  }

  async wait(seconds: number): Promise<void> {
    try {
      await sleep(seconds * 1000, undefined, { signal: this.stop.signal });
    } catch {
      throw new Error("cancelled while a scripted fault made it wait");
    }
  }

  cancel(): void {
    this.stop.abort();
  }
}
