/** The full lab's hosts, as the commands start, find and end them. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRunning, readDaemon, startDaemon, stopDaemon, waitFor, writeDaemon } from "../control/daemon";
import { findTalosMachines } from "../control/talos";
import { findKubernetes } from "../kubernetes";
import { hypervisorFiles, type HypervisorPlan, writePlan } from "./plan";

export { liftProtection } from "./protection";
export { hypervisorFiles, type HypervisorPlan } from "./plan";

/** How a hypervisor is started. */
export interface HypervisorRequest {
  readonly directory: string;
  readonly plan: HypervisorPlan;
  /** The program and its arguments, without the directory. */
  readonly command: readonly [string, ...string[]];
  /** Told when it has to be started. */
  readonly say: (text: string) => void;
}

/**
 * Starts the hosts unless they run by the same plan; what their VMs run is left as it is.
 *
 * @throws Error with the end of the log when they do not come up
 */
export async function startHypervisor({ directory, plan, command, say }: HypervisorRequest): Promise<void> {
  const { pid, log, ready } = hypervisorFiles(directory);
  const running = readDaemon(pid);
  if (!writePlan(directory, plan) && running !== undefined) return;
  if (running !== undefined) await stopDaemon(running);
  say("Starting the lab's hosts (emulated Proxmox, played Talos machines)");
  rmSync(ready, { force: true });
  const [program, ...args] = command;
  const daemon = startDaemon({ program, args: [...args, directory], directory, log, detached: true });
  writeDaemon(pid, daemon);
  await waitFor("The lab's hosts must be there", daemon, log, () => Promise.resolve(existsSync(ready)), 90_000);
}

/** Whether the hosts run. */
export function hypervisorRuns(directory: string): boolean {
  const daemon = readDaemon(hypervisorFiles(directory).pid);
  return daemon !== undefined && isRunning(daemon);
}

/** Ends the hosts, then the clusters and the Talos machines; what they keep stays in their folders. */
export async function stopHypervisor(directory: string): Promise<void> {
  const { pid, talos } = hypervisorFiles(directory);
  const daemon = readDaemon(pid);
  // First: it would start the rest again.
  if (daemon !== undefined) await stopDaemon(daemon);
  for (const cluster of clusterDirectories(directory)) await findKubernetes(cluster)?.stop();
  await findTalosMachines(talos)?.stop();
}

/** The folders of the clusters that were ever started. */
export function clusterDirectories(directory: string): string[] {
  const { kubernetes } = hypervisorFiles(directory);
  return existsSync(kubernetes) ? readdirSync(kubernetes).map((name) => join(kubernetes, name)) : [];
}
