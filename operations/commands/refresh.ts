import type { Command } from "../cli/context";
import { driftLine, findDrift } from "../cli/drift";
import { exit } from "../cli/exit";
import { requireReadiness } from "../cli/ready";
import { openSession, runEngine, worldLine } from "../cli/session";

/** Compares what is there with what was applied. Changes nothing, neither there nor in the state. */
export const refresh: Command = {
  name: "refresh",
  summary: "look for drift: compare what is there with what was applied",
  async run(context) {
    requireReadiness(context);
    context.print(worldLine(context));
    const session = await openSession(context);
    // The program runs, so that providers get today's credentials and not those in the state.
    const flags = ["--preview-only", "--expect-no-changes", "--run-program", "--diff"];
    const quiet = ["--suppress-outputs", "--suppress-progress"];
    const { code, events } = await runEngine(context, session, ["refresh", ...flags, ...quiet]);
    const drifts = findDrift(events);
    if (code === exit.ok) context.print(`No drift in stack ${context.stack}`);
    if (code === exit.drift) {
      context.print(driftLine(drifts, context.stack));
      const lab = context.world === "none" ? "" : ` LAB=${context.world}`;
      context.print(`To have it as declared again: make up STACK=${context.stack}${lab} REFRESH=1`);
    }
    return code;
  },
};
