import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { Json, Known } from "../../../../providers/common/values";
import { talos } from "../../../../providers/talos/provider";
import { Engine } from "../../../providers/support";

// A process of its own that brings machines to their wanted inputs one after another and notes each in a checkpoint when it
// is done, as the engine does: a test kills it and starts it again. `node --require tsx/cjs upgradeProcess.ts CHECKPOINT`.

const json: z.ZodType<Json> = z.json();
const bag: z.ZodType<Known> = z.record(z.string(), json);
const machine = z.object({
  id: z.string(),
  inputs: bag,
  outputs: bag,
  secrets: z.array(z.string()),
  /** What it is to become; absent when it is. */
  wanted: bag.optional(),
});

export const checkpoint = z.object({
  talosctl: z.string(),
  snapshots: z.string(),
  /** In their order. */
  machines: z.record(z.string(), machine),
});
export type Checkpoint = z.output<typeof checkpoint>;

/** Replaces the file in one step: a kill leaves the old one or the new one. */
export function writeCheckpoint(path: string, content: Checkpoint): void {
  writeFileSync(`${path}.draft`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${path}.draft`, path);
}

export function readCheckpoint(path: string): Checkpoint {
  return checkpoint.parse(JSON.parse(readFileSync(path, "utf8")));
}

async function run(path: string): Promise<void> {
  const state = readCheckpoint(path);
  const engine = new Engine(talos, { talosctl: state.talosctl, snapshots: state.snapshots });
  for (const [name, { wanted, secrets, ...old }] of Object.entries(state.machines)) {
    if (wanted === undefined) continue;
    const { id, inputs, outputs } = await engine.update(
      "talos:index:Machine",
      { ...old, secrets: new Set(secrets) },
      wanted,
    );
    state.machines[name] = { id, inputs, outputs, secrets };
    writeCheckpoint(path, state);
  }
}

const [, , path] = process.argv;
if (require.main === module && path !== undefined)
  run(path).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
