import type { PackageModels } from "../model";
import { cloudflare } from "./cloudflare";
import { command } from "./command";
import { github } from "./github";
import { kubernetes } from "./kubernetes";
import { proxmoxve } from "./proxmoxve";
import { random } from "./random";
import { tailscale } from "./tailscale";

const packages = new Map<string, PackageModels>(
  Object.entries({ cloudflare, command, github, kubernetes, proxmoxve, random, tailscale }),
);
const none: PackageModels = { resource: () => undefined, invokes: new Map() };

/** What stands for a package; one that is not listed only echoes. */
export function modelsOf(packageName: string): PackageModels {
  return packages.get(packageName) ?? none;
}
