import { existsSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../proxmox/store";
import { hypervisorFiles } from "./plan";

/** Lets the hosts' VMs be destroyed, which Proxmox refuses for protected ones. A lab that goes has nothing worth it. */
export function liftProtection(directory: string): void {
  const file = join(hypervisorFiles(directory).proxmox, "proxmox.json");
  if (!existsSync(file)) return;
  new Store(file, { nodes: {}, storages: {} }).update((state) => {
    for (const { config } of Object.values(state.vms)) delete config["protection"];
  });
}
