import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type LabFolder, labFolder, simulatedPackages } from "../../lab/launch";
import { findTool, pins } from "../../lab/tools";
import { specs } from "../../stacks";
import type { Command, Context } from "../cli/context";
import { exit } from "../cli/exit";
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
      ["stack", "resources", "objects in its world", "world"],
      ...Object.keys(specs).map((stack) => labRow(context.root, stack)),
    ]).forEach(print);
    return exit.ok;
  },
};

function worlds(root: string): string[] {
  const simulated = simulatedPackages(root).map(({ name, version }) => `${name} ${version}`);
  return table([
    ["", "LAB=embedded", "LAB=none"],
    ["engine (Pulumi CLI)", "real", "real"],
    ["program, policies, charts", "real", "real"],
    ...simulated.map((name) => [name, "SIMULATED", "the official plugin"]),
    ["headscale, talos (providers/)", "real code, SIMULATED servers", "real"],
    ["servers, clusters, clouds", "none: a world file stands for them", "yours"],
    ["state, passphrase, secrets", "the lab's own, generated", "yours"],
  ]);
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

function labRow(root: string, stack: string): string[] {
  const folder = labFolder(root, stack);
  if (!existsSync(folder.directory)) return [stack, "no lab", "", ""];
  return [stack, resourceCount(folder), String(objectsLeft(folder.world).length), folder.world];
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
