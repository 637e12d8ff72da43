import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateSchema } from "../proxmox/state";
import { hypervisorFiles } from "./plan";

/** Lets the hosts' VMs be destroyed, which Proxmox refuses for protected ones. A lab that goes has nothing worth it. */
export function liftProtection(directory: string): void {
  const file = join(hypervisorFiles(directory).proxmox, "proxmox.json");
  if (!existsSync(file)) return;
  const state = stateSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  for (const { config } of Object.values(state.vms)) delete config["protection"];
  writeFileSync(file, JSON.stringify(state, undefined, 2));
}
