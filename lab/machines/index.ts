/** What the full lab's machines really run: a headscale as the hub, tailscale clients in user space, all on loopback. */
import { join } from "node:path";
import { readDaemon, stopDaemon } from "../control/daemon";
import { headscaleFiles } from "../control/headscale";
import { makeClient, runFirstBoot, startTailscaled } from "./client";
import { readCloudInit, roleOf } from "./cloudInit";
import { makeHub, startHub } from "./hub";
import type { MachineRecord, Machines } from "./place";

export { authorityFiles, Machines, type MachineRecord } from "./place";
export { pathsOutside } from "./harmless";
export { runOn } from "./run";

/** A machine that is switched on for the first time. */
export interface NewMachine {
  readonly name: string;
  /** Its address in the spec; "" when it has none. */
  readonly address: string;
  /** #cloud-config */
  readonly userData: string;
}

/**
 * Boots a machine for the first time, when its cloud-init asks for something that the lab can really run: a hub or a client
 * of the tailnet. Anything else stays what the simulator makes of it.
 *
 * @returns whether something runs now
 */
export async function boot(machines: Machines, { name, address, userData }: NewMachine): Promise<boolean> {
  const cloudInit = readCloudInit(userData);
  const runs = roleOf(cloudInit);
  if (runs === undefined) return false;
  // A machine made anew has an empty disk.
  await remove(machines, name);
  const place = machines.place(name);
  if (runs === "hub") {
    await forgetJoined(machines);
    await makeHub(machines, place, cloudInit);
  } else makeClient(machines, place, cloudInit);
  const record = { name, address, runs };
  try {
    await powerOn(machines, record);
  } catch (error) {
    // A machine that never came up would be in the way of every later run.
    await powerOff(machines, record);
    machines.forget(name);
    throw error;
  }
  machines.note(record);
  if (runs === "client") runFirstBoot(place);
  return true;
}

/** A new hub knows nobody: machines that people join by hand, and that no VM brings along, are to be joined anew. */
async function forgetJoined(machines: Machines): Promise<void> {
  for (const { name, address, runs } of machines.all()) {
    if (runs === "client" && address === "") await remove(machines, name);
  }
}

/** Starts what a machine runs, from what it kept; nothing happens when it runs already. */
export async function powerOn(machines: Machines, { name, runs }: MachineRecord): Promise<void> {
  const place = machines.place(name);
  await (runs === "hub" ? startHub(machines, place) : startTailscaled(machines, place));
}

/** Whether what a machine runs is running. */
export function isOn(machines: Machines, record: MachineRecord): boolean {
  return readDaemon(pidFile(machines, record)) !== undefined;
}

/** Ends what a machine runs; what it has kept stays. */
export async function powerOff(machines: Machines, record: MachineRecord): Promise<void> {
  const daemon = readDaemon(pidFile(machines, record));
  if (daemon !== undefined) await stopDaemon(daemon);
}

/** Ends a machine and takes away all it had; nothing happens when there is none. */
export async function remove(machines: Machines, name: string): Promise<void> {
  const record = machines.find(name);
  if (record !== undefined) await powerOff(machines, record);
  machines.forget(name);
}

function pidFile(machines: Machines, { name, runs }: MachineRecord): string {
  const { state } = machines.place(name);
  return runs === "hub" ? headscaleFiles(state).pid : join(state, "tailscaled.pid");
}
