import { readdirSync, readFileSync } from "node:fs";

/** Processes whose command line names something in a folder. Linux. */
export function processesIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLine(pid).includes(`${folder}/`));
}

/** The command line of a process, its words apart by spaces; empty when it has ended. Linux. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
