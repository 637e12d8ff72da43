import { setTimeout as sleep } from "node:timers/promises";

import type { Fault, Operation } from "./data";
import type { World } from "./world";

/** A call of a provider, as faults know it. */
export interface Call {
  operation: Operation;
  /** Type token of the resource. */
  type: string;
  /** Its name in the program. */
  name: string;
}

/**
 * Counts a call against the world's scripted faults and returns the one that strikes it, if any (the first in the file).
 * A fault strikes once. A world without open faults is not written.
 */
export async function strike(world: World, call: Call): Promise<Fault | undefined> {
  if (!world.read().faults.some((fault) => meant(fault, call))) return undefined;
  return world.update((data) => {
    let struck: Fault | undefined;
    for (const fault of data.faults.filter((candidate) => meant(candidate, call))) {
      fault.seen = (fault.seen ?? 0) + 1;
      if (struck !== undefined || fault.seen < (fault.at ?? 1)) continue;
      fault.done = true;
      struck = { ...fault };
    }
    return struck;
  });
}

/** How a fault ends the process and how it waits; tests give their own. */
export interface Stage {
  crash(): never;
  wait(seconds: number): Promise<void>;
}

/** What faults do outside of tests. */
export const realStage: Stage = {
  crash: () => {
    // Not an exit: nothing may be flushed, released or said, as in a real crash.
    process.kill(process.pid, "SIGKILL");
    process.exit(137);
  },
  wait: async (seconds) => {
    await sleep(seconds * 1000);
  },
};

/** Does `work`, as the scripted fault that strikes this call (if any) lets it. */
export async function withFaults<T>(
  world: World,
  call: Call,
  work: () => Promise<T>,
  stage: Stage = realStage,
): Promise<T> {
  const fault = await strike(world, call);
  const seconds = fault?.seconds ?? 2;
  switch (fault?.fault) {
    case "fail":
      throw new Error(fault.message ?? `scripted fault: ${call.operation} of ${call.type} ${call.name} failed`);
    case "timeout":
      await stage.wait(seconds);
      throw new Error(
        fault.message ?? `scripted fault: ${call.operation} of ${call.type} ${call.name} timed out after ${seconds} s`,
      );
    case "crash":
      return stage.crash();
    case "slow":
      await stage.wait(seconds);
      return work();
    case "crash-after":
      await work();
      return stage.crash();
    case undefined:
      return work();
  }
}

function meant(fault: Fault, call: Call): boolean {
  const operation = fault.operation ?? "*";
  return (
    fault.done !== true &&
    (operation === "*" || operation === call.operation) &&
    matches(fault.type ?? "*", call.type) &&
    matches(fault.name ?? "*", call.name)
  );
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}
