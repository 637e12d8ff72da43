import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type LabFolder, type LabKind, languageHostLauncher, prepareLab, writeScript } from "../../lab/launch";
import { fullLabTools, obtainTool, pins, type Tool } from "../../lab/tools";
import { loadStack } from "../../stacks";
import { requiredSecrets } from "../../stacks/dials";
import { existingClustersOf } from "../../stacks/estate";
import type { Context } from "./context";
import { type EngineEvent, readEvents } from "./events";
import { fullLabOf, startHosts } from "./hosts";
import { clearDeadLocks } from "./locks";
import { switchOn } from "./machines";
import { read, runHere } from "./process";

/** The engine, ready to work on a stack in a world. */
export interface Session {
  /** The lab's folder; undefined in the real world. */
  readonly lab: LabFolder | undefined;
  /** The `pulumi` to call. */
  readonly pulumi: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface EngineRun {
  readonly code: number;
  readonly events: readonly EngineEvent[];
}

/** Gets the tools and prepares the stack's world, saying what takes time. */
export async function openSession(context: Context): Promise<Session> {
  const pulumi = await tool(context, "pulumi");
  const helm = await tool(context, "helm");
  if (context.world === "none") return realSession(context, pulumi, helm);
  return labSession(context, context.world, { pulumi, helm });
}

/** One of the Go programs, from PATH, the cache, a download or a build. */
export function tool({ root, cache, say }: Context, name: keyof typeof pins): Promise<Tool> {
  return obtainTool({ root, cache, pin: pins[name], say });
}

async function labSession(
  context: Context,
  kind: LabKind,
  { pulumi, helm }: { readonly pulumi: Tool; readonly helm: Tool },
): Promise<Session> {
  const { root, stack, say } = context;
  const estate = loadStack(stack);
  const runs = kind === "full" ? { runs: fullLabOf(estate) } : {};
  const full = kind === "full" ? { full: await allFullLabTools(context) } : {};
  const lab = await prepareLab({
    root,
    stack,
    kind,
    ...runs,
    tools: { pulumi: pulumi.path, helm: helm.path, ...full },
    requiredSecrets: requiredSecrets(estate),
    existingClusters: existingClustersOf(estate).map(([name]) => name),
    say,
  });
  if (kind === "full") {
    await startHosts(context, lab, estate);
    await switchOn(context, lab);
  }
  for (const pid of clearDeadLocks(lab.state)) {
    say(`Process ${String(pid)} ended without releasing the lab's state; its lock is removed`);
  }
  return { lab, pulumi: join(lab.bin, "pulumi"), env: process.env };
}

/** Programs that only the full lab runs, by name. */
async function allFullLabTools(context: Context): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {};
  for (const name of fullLabTools) paths[name] = (await tool(context, name)).path;
  return paths;
}

function realSession({ root, stack }: Context, pulumi: Tool, helm: Tool): Session {
  // Pulumi's own distribution has its language host beside the CLI; a CLI that was built here has none.
  const bin = join(root, ".lab", "real", "bin");
  mkdirSync(bin, { recursive: true });
  if (pulumi.origin === "built")
    writeScript(join(bin, "pulumi-language-nodejs"), languageHostLauncher(root, process.execPath));
  const first = [...(pulumi.origin === "built" ? [bin] : []), dirname(pulumi.path), dirname(helm.path)];
  const path = [...first, process.env["PATH"] ?? ""].join(delimiter);
  return { lab: undefined, pulumi: pulumi.path, env: { ...process.env, PATH: path, PULUMI_STACK: stack } };
}

/** Runs the engine in this terminal and returns what it reported about the resources. */
export async function runEngine(context: Context, session: Session, args: readonly string[]): Promise<EngineRun> {
  const folder = mkdtempSync(join(tmpdir(), "estate-"));
  const log = join(folder, "events.json");
  try {
    // --event-log is one of the flags that Pulumi keeps behind this switch.
    const env = { ...session.env, PULUMI_DEBUG_COMMANDS: "true" };
    const code = await runHere(session.pulumi, [...args, "--event-log", log], { cwd: context.root, env });
    return { code, events: eventsOf(log) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function eventsOf(log: string): readonly EngineEvent[] {
  try {
    return readEvents(log);
  } catch {
    return [];
  }
}

/** What has the engine hold a preview or an update against the project's policies. */
export function policyPacks({ root }: Context): readonly string[] {
  const policies = join(root, "policies");
  return existsSync(join(policies, "PulumiPolicy.yaml")) ? ["--policy-pack", policies] : [];
}

/** Asks the engine for something it prints as text. */
export function askEngine(context: Context, session: Session, args: readonly string[]): Promise<string | undefined> {
  return read(session.pulumi, args, { cwd: context.root, env: session.env });
}

const worldLines: Readonly<Record<Context["world"], string>> = {
  embedded: "SIMULATED. The engine is real; every provider is simulated, and nothing it makes exists.",
  full:
    "PARTLY SIMULATED. Real are the engine, Headscale and the tailnet's clients, the providers of Proxmox and Kubernetes, " +
    "talosctl and the clusters' Kubernetes, on loopback; Proxmox is emulated, machines and pods are played, every other " +
    "provider is simulated.",
  none: "the REAL world.",
};

/** The line that says in which world a command works. */
export function worldLine({ stack, world }: Context): string {
  return `Stack ${stack}, LAB=${world}: ${worldLines[world]}`;
}
