import type { Caller } from "./access";
import type { Store } from "./store";

/** What a task does: a change of the state, or something that takes its time. Its throwing is the task's failure. */
export type Work = (log: (line: string) => void) => void | Promise<void>;

/** Proxmox's tasks: a request is answered with the id of one, and the client asks how it went. */
export class Tasks {
  private count = 0;
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly store: Store) {}

  /**
   * Starts a task.
   *
   * @param type as in the task's id, "qmstart"
   * @returns its id: UPID:node:pid:pstart:starttime:type:id:user:
   */
  start(node: string, type: string, id: string, caller: Caller, work: Work): string {
    this.count += 1;
    const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, "0");
    const upid = `UPID:${node}:${hex(this.count)}:${hex(process.pid)}:${hex(Math.floor(Date.now() / 1000))}:${type}:${id}:${caller.id}:`;
    this.store.update((state) => {
      state.tasks[upid] = { node, status: "running", log: [] };
    });
    const run = this.run(upid, work).finally(() => this.running.delete(run));
    this.running.add(run);
    return upid;
  }

  /** Ends the tasks that an earlier process did not live to end, as Proxmox calls them. */
  settleInterrupted(): void {
    this.store.update(({ tasks }) => {
      for (const task of Object.values(tasks)) {
        if (task.status === "running") Object.assign(task, { status: "stopped", exitstatus: "unexpected status" });
      }
    });
  }

  /** Waits for every task that still runs. */
  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  private async run(upid: string, work: Work): Promise<void> {
    const log: string[] = [];
    let exitstatus = "OK";
    try {
      await work((line) => log.push(line));
      log.push("TASK OK");
    } catch (error) {
      exitstatus = error instanceof Error ? error.message : String(error);
      log.push(`TASK ERROR: ${exitstatus}`);
    }
    this.store.update((state) => {
      const task = state.tasks[upid];
      if (task !== undefined) Object.assign(task, { status: "stopped", exitstatus, log });
    });
  }
}
