import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { LabFolder } from "../../lab/launch";
import { elapsed } from "../../lab/plain/progress.cjs";
import { countAreas } from "../cli/areas";
import type { Command, Context } from "../cli/context";
import { CommandError, exit } from "../cli/exit";
import { joinTheRest, reportNodes } from "../cli/machines";
import { reportClusters } from "../cli/clusters";
import { formatOutputs } from "../cli/outputs";
import { requireConsent, requireReadiness } from "../cli/ready";
import {
  askEngine,
  type EngineRun,
  openSession,
  policyPacks,
  runEngine,
  type Session,
  worldLine,
} from "../cli/session";
import { requireFreeIds } from "../cli/takenVms";

/** Brings a stack up, then says what came up and how long it took. */
export const up: Command = {
  name: "up",
  summary: "create or update everything the stack declares",
  async run(context) {
    const start = Date.now();
    requireReadiness(context);
    requireConsent(context);
    context.print(worldLine(context));
    const session = await openSession(context);
    await requireFreeIds(context, session);
    const times = mkdtempSync(join(tmpdir(), "estate-times-"));
    try {
      const file = join(times, "runs.json");
      const timed = { ...session, env: { ...session.env, ESTATE_RUN_TIMES: file } };
      const run = await runEngine(context, timed, argumentsFor(context));
      if (run.code === exit.ok) {
        if (session.lab?.kind === "full") await bringNodesIn(context, session, session.lab);
        await report(context, session, run);
      }
      context.print(`\nTime: ${elapsed(Date.now() - start)} in all${programTime(file)}.`);
      return run.code;
    } finally {
      rmSync(times, { recursive: true, force: true });
    }
  },
};

function argumentsFor(context: Context): string[] {
  const consent = context.world !== "none" || context.yes ? ["--yes"] : [];
  // In the real world nothing comes up that the policies forbid; in a lab, `preview` says so, and `up` is quick.
  const packs = context.world === "none" ? policyPacks(context) : [];
  // With the program: providers get today's credentials, not those in the state.
  const refresh = context.refresh ? ["--refresh", "--run-program"] : [];
  // Outputs are shown by the report, the public group only.
  return ["up", ...consent, ...refresh, "--suppress-outputs", "--suppress-progress", ...packs];
}

/**
 * In the full lab, whoever is to join the tailnet joins it, with the keys that this run has made; then the clusters say which
 * nodes they have.
 */
async function bringNodesIn(context: Context, session: Session, lab: LabFolder): Promise<void> {
  const outputs = await askEngine(context, session, ["stack", "output", "--json", "--show-secrets"]);
  if (outputs === undefined) throw new CommandError("The engine did not say what the stack's outputs are");
  await joinTheRest(context, lab, outputs);
  await reportNodes(context, lab);
  await reportClusters(context, lab, outputs);
}

async function report(context: Context, session: Session, run: EngineRun): Promise<void> {
  const areas = countAreas(run.events);
  const total = areas.reduce((sum, { resources }) => sum + resources, 0);
  const width = Math.max(...areas.map(({ name }) => name.length), "in all".length);
  const simulated = simulatedWords[context.world];
  context.print(`\nWhat is up in stack ${context.stack}${simulated}:`);
  for (const { name, resources } of [...areas, { name: "in all", resources: total }]) {
    context.print(
      `  ${name.padEnd(width)}  ${String(resources).padStart(4)} ${resources === 1 ? "resource" : "resources"}`,
    );
  }
  const outputs = await askEngine(context, session, ["stack", "output", "--json"]);
  for (const line of formatOutputs(outputs ?? "{}")) context.print(`  ${line}`);
  if (session.lab !== undefined) {
    context.print(`  its world, to read and to edit: ${session.lab.world}`);
  }
}

const simulatedWords = {
  none: "",
  embedded: " (simulated)",
  full: " (make lab-status says what is simulated)",
} as const;

const runTime = z.object({ preview: z.boolean(), milliseconds: z.number() });

/** The program's own time, as the language host of this project measures it; Pulumi's own host tells none. */
function programTime(file: string): string {
  if (!existsSync(file)) return "";
  const runs = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => runTime.parse(JSON.parse(line)));
  const preview = runs.find((run) => run.preview);
  return preview === undefined ? "" : `; the program itself, in the preview, ${elapsed(preview.milliseconds)}`;
}
