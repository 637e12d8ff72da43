import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { type Cluster, emptyState, grown, type State, stateSchema } from "./state";

/** How many finished tasks are remembered. */
const remembered = 200;

/** The state in its file: read anew for every request, so that an edit by hand is seen at once. */
export class Store {
  /** @param cluster what there is at least; what the file has of it is left as it is */
  constructor(
    readonly path: string,
    cluster: Cluster,
  ) {
    if (!existsSync(path)) this.write(emptyState(cluster));
    else this.update((state) => Object.assign(state, grown(state, cluster)));
  }

  /** @throws Error that says what is wrong in the file */
  read(): State {
    const result = stateSchema.safeParse(JSON.parse(readFileSync(this.path, "utf8")));
    if (result.success) return result.data;
    throw new Error(`${this.path} is no state of the Proxmox emulator:\n${z.prettifyError(result.error)}`);
  }

  /** Applies a change and keeps it; nothing is kept when it throws. It is synchronous: no other request comes between. */
  update<T>(change: (state: State) => T): T {
    const state = this.read();
    const result = change(state);
    this.write(state);
    return result;
  }

  private write(state: State): void {
    const tasks = Object.fromEntries(Object.entries(state.tasks).slice(-remembered));
    const draft = `${this.path}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify({ ...state, tasks }, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.path);
  }
}
