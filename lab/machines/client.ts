import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readDaemon, startDaemon } from "../control/daemon";
import { socketPath } from "../control/sockets";
import { startClient } from "../control/tailscale";
import { type CloudInit, joinScriptPath } from "./cloudInit";
import { pathsOutside } from "./harmless";
import { authorityFiles, type MachinePlace, type Machines } from "./place";
import { writeBin, writeRoot } from "./root";
import { machineEnvironment } from "./run";

/** Makes a client of the tailnet: the files of its cloud-init, and a `tailscale` that speaks to its own tailscaled. */
export function makeClient(machines: Machines, place: MachinePlace, cloudInit: CloudInit): void {
  writeRoot(place, cloudInit);
  const socket = socketPath(place.state, "tailscaled.sock");
  writeBin(place, { tailscale: [join(machines.tools, "tailscale"), `--socket=${socket}`] });
}

/** Starts the real tailscaled, in user space, when it does not run. */
export async function startTailscaled(machines: Machines, place: MachinePlace): Promise<void> {
  if (readDaemon(join(place.state, "tailscaled.pid")) !== undefined) return;
  await startClient({
    daemon: join(machines.tools, "tailscaled"),
    cli: join(machines.tools, "tailscale"),
    directory: place.state,
    detached: true,
    authority: authorityFiles(machines.authority).certificate,
  });
}

/**
 * Has the machine join its tailnet by the script of its own cloud-init. In the background, as a first boot is: whoever
 * creates a VM does not wait for it.
 */
export function runFirstBoot(place: MachinePlace): void {
  const script = readFileSync(join(place.root, joinScriptPath), "utf8");
  const outside = pathsOutside(place.directory, script);
  if (outside.length > 0) throw new Error(`The lab cannot run ${joinScriptPath}: it touches ${outside.join(", ")}`);
  startDaemon({
    program: "/bin/sh",
    args: [join(place.root, joinScriptPath)],
    directory: place.directory,
    log: place.log,
    env: machineEnvironment(place),
    detached: true,
  });
}
