import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { liftProtection } from "../../lab/hypervisor";
import { labFolder, type LabKind } from "../../lab/launch";
import { objectsLeft } from "../cli/world";
import type { Command, Context } from "../cli/context";
import { CommandError, exit } from "../cli/exit";
import { stopHosts } from "../cli/hosts";
import { switchOff } from "../cli/machines";
import { runHere } from "../cli/process";
import { requireReadiness } from "../cli/ready";
import { askEngine, openSession, runEngine, type Session, worldLine } from "../cli/session";

/** Takes a stack down. A lab is removed with all it has; in the real world it asks for the stack's name first. */
export const down: Command = {
  name: "down",
  summary: "destroy everything the stack has (asks first outside the lab), remove the lab's folder",
  run: (context) => (context.world === "none" ? realDown(context) : labDown(context, context.world)),
};

async function labDown(context: Context, kind: LabKind): Promise<number> {
  const folder = labFolder(context.root, context.stack, kind);
  context.print(worldLine(context));
  const session = existsSync(join(folder.state, ".pulumi")) ? await openIfPossible(context) : undefined;
  if (session !== undefined) {
    await unprotect(context, session);
    if (kind === "full") liftProtection(folder.hypervisor);
    const { code } = await runEngine(context, session, ["destroy", "--yes", "--skip-preview", "--suppress-progress"]);
    if (code !== exit.ok) {
      context.say(`The lab of stack ${context.stack} is kept: ${folder.directory}`);
      return code;
    }
    const left = objectsLeft(folder.world);
    if (left.length > 0)
      context.say(`Left in the world, because no resource of the stack was theirs: ${left.join(", ")}`);
  }
  await switchOff(folder);
  await stopHosts(folder);
  rmSync(folder.directory, { recursive: true, force: true });
  context.print(`The lab of stack ${context.stack} is gone.`);
  return exit.ok;
}

/** A lab whose hub does not come up any more goes without the engine: all it has is in its folder. */
async function openIfPossible(context: Context): Promise<Session | undefined> {
  try {
    return await openSession(context);
  } catch (error) {
    if (context.world !== "full" || !(error instanceof CommandError)) throw error;
    context.say(error.message);
    context.say("It is removed as it is.");
    return undefined;
  }
}

const deployment = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), protect: z.boolean().optional() })).nullish(),
  }),
});

/** Protection guards real things; in a lab there are none, and it would only stand in the way. */
async function unprotect(context: Context, session: Session): Promise<void> {
  const exported = await askEngine(context, session, ["stack", "export"]);
  const parsed = deployment.safeParse(JSON.parse(exported ?? "{}"));
  const guarded = parsed.data?.deployment.resources?.filter(({ protect }) => protect === true) ?? [];
  if (guarded.length === 0) return;
  context.say(`Taking the protection off ${String(guarded.length)} resources, which only a lab's down does`);
  const done = await askEngine(context, session, ["state", "unprotect", "--all", "--yes"]);
  if (done === undefined)
    throw new CommandError("The engine could not take the protection off (pulumi state unprotect)");
}

async function realDown(context: Context): Promise<number> {
  requireReadiness(context);
  const { stack, root } = context;
  context.print(worldLine(context));
  const session = await openSession(context);
  const where = { cwd: root, env: session.env };
  context.print(`What destroying stack ${stack} would do:`);
  const code = await runHere(session.pulumi, ["destroy", "--preview-only", "--run-program"], where);
  if (code !== exit.ok) return code;
  if (!process.stdin.isTTY) {
    throw new CommandError(
      `Destroying stack ${stack} asks for its name, and this is no terminal. Nothing was destroyed.`,
      exit.usage,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await terminal.question(`\nThis is the real world. Type the stack's name to destroy it: `);
  terminal.close();
  if (typed.trim() !== stack) {
    context.print("That is not its name. Nothing was destroyed.");
    return exit.cancelled;
  }
  return runHere(session.pulumi, ["destroy", "--yes", "--skip-preview", "--run-program"], where);
}
