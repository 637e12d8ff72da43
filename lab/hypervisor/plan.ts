import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { labPlaces } from "../../stacks/labPlaces";
import { stateSchema } from "../proxmox/state";

const schema = z.object({
  /** Nodes and storages of the Proxmox cluster. @default the estate has no hosts */
  cluster: stateSchema.pick({ nodes: true, storages: true }).optional(),
  places: labPlaces,
  /** Folder of what the lab's machines run: lab/machines. */
  machines: z.string(),
});

/** What a hypervisor has to run. Holds no secret. */
export type HypervisorPlan = Readonly<z.infer<typeof schema>>;

/** A hypervisor's files, in its directory. */
export function hypervisorFiles(directory: string) {
  return {
    plan: join(directory, "plan.json"),
    /** What opens the Proxmox API and the hosts. */
    credentials: join(directory, "credentials.json"),
    pid: join(directory, "hypervisor.pid"),
    /** There once all of it answers. */
    ready: join(directory, "ready"),
    log: join(directory, "hypervisor.log"),
    proxmox: join(directory, "proxmox"),
    talos: join(directory, "talos"),
    kubernetes: join(directory, "kubernetes"),
  } as const;
}

export function readPlan(directory: string): HypervisorPlan {
  return schema.parse(JSON.parse(readFileSync(hypervisorFiles(directory).plan, "utf8")));
}

/** @returns whether it is another plan than the one that was there */
export function writePlan(directory: string, plan: HypervisorPlan): boolean {
  const { plan: file } = hypervisorFiles(directory);
  const text = `${JSON.stringify(plan, undefined, 2)}\n`;
  if (readIfThere(file) === text) return false;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(file, text);
  return true;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
