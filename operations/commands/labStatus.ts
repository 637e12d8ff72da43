import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type LabFolder, isSimulated, labFolder, type LabKind, providerPackages } from "../../lab/launch";
import { isOn, Machines } from "../../lab/machines";
import { findTool, pins } from "../../lab/tools";
import { specs } from "../../stacks";
import type { Command, Context } from "../cli/context";
import { exit } from "../cli/exit";
import { hostsRun } from "../cli/hosts";
import { objectsLeft } from "../cli/world";
import { table } from "../cli/table";

/** Says what is real and what is simulated, where the tools come from, and which labs there are. */
export const labStatus: Command = {
  name: "lab-status",
  summary: "say what is real and what is simulated, which tools are used, which labs exist",
  async run(context) {
    const { print } = context;
    print("What is real, and what is simulated");
    worlds(context.root).forEach(print);
    print("\nTools");
    (await toolRows(context)).forEach(print);
    print("\nLabs");
    table([
      ["stack", "LAB", "resources", "objects in its world", "what runs", "world"],
      ...Object.keys(specs).flatMap((stack) => kinds.flatMap((kind) => labRows(context.root, stack, kind))),
    ]).forEach(print);
    return exit.ok;
  },
};

const kinds: readonly LabKind[] = ["embedded", "full"];

function worlds(root: string): string[] {
  const providers = providerPackages(root).map(({ name, version }) => ({ name, label: `${name} ${version}` }));
  return table([
    ["", "LAB=embedded", "LAB=full", "LAB=none"],
    ["engine (Pulumi CLI)", "real", "real", "real"],
    ["program, policies, charts", "real", "real", "real"],
    ...providers.map(({ name, label }) => [label, "SIMULATED", fullWords(name), "the official plugin"]),
    ["headscale (providers/)", "real code, SIMULATED server", "real, with a real server", "real"],
    ["talos (providers/)", "real code, SIMULATED machines", `real, with talosctl ${pins.talosctl.version}`, "real"],
    ["Proxmox hosts", "none: a world file", "EMULATED API, SSH for snippets", "yours"],
    ["Talos machines", "none: a world file", "PLAYED by Talos's own machinery, on loopback", "yours"],
    [
      "Kubernetes control planes",
      "none: a world file",
      `real ${pins["kube-apiserver"].version}, on loopback, per cluster; its nodes are PLAYED by kwok`,
      "yours",
    ],
    [
      "what runs on the clusters",
      "none: a world file",
      "real objects; pods and volumes are PLAYED, nothing runs",
      "yours",
    ],
    ["tailnet hub", "none", `a real headscale ${pins.headscale.version}, on loopback`, "yours"],
    ["tailnet clients", "none", `real tailscaled ${pins.tailscaled.version}, in user space`, "yours"],
    ["other servers, clouds", "none: a world file", "none: a world file", "yours"],
    ["state, passphrase, secrets", "the lab's own, generated", "the lab's own, generated", "yours"],
  ]);
}

function fullWords(name: string): string {
  if (!isSimulated("full", name)) return "the real plugin, built from tools/";
  return name === "command" ? "SIMULATED, but for the hub's API keys" : "SIMULATED";
}

async function toolRows({ root, cache }: Context): Promise<string[]> {
  const origins = { path: "on PATH", built: "built from tools/, cached", downloaded: "downloaded, cached" };
  const rows = await Promise.all(
    Object.values(pins).map(async (pin) => {
      const found = await findTool({ root, cache, pin });
      return typeof found === "string"
        ? [pin.name, pin.version, `not there yet: ${found}; the first command that needs it gets it`]
        : [pin.name, found.version, `${origins[found.origin]}: ${found.path}`];
    }),
  );
  return table([["node", process.versions.node, process.execPath], ...rows]);
}

/** None for a full lab that is not there: most people never start one. */
function labRows(root: string, stack: string, kind: LabKind): string[][] {
  const folder = labFolder(root, stack, kind);
  if (!existsSync(folder.directory)) return kind === "full" ? [] : [[stack, kind, "no lab", "", "", ""]];
  const machines = new Machines(folder.machines);
  const running = machines.all().filter((machine) => isOn(machines, machine));
  const names = [...(hostsRun(folder) ? ["the hosts"] : []), ...running.map(({ name }) => name)].join(", ");
  return [[stack, kind, resourceCount(folder), String(objectsLeft(folder.world).length), names, folder.world]];
}

const checkpoint = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(z.unknown()).nullish() }).nullish() }),
});

/** Read from the state file itself: starting the engine per lab would take a second each. */
function resourceCount({ state, stack }: LabFolder): string {
  try {
    const text = readFileSync(join(state, ".pulumi", "stacks", "estate", `${stack}.json`), "utf8");
    return String(checkpoint.parse(JSON.parse(text)).checkpoint.latest?.resources?.length ?? 0);
  } catch {
    return "unreadable state";
  }
}
