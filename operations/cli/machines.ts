import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { z } from "zod";
import type { LabFolder } from "../../lab/launch";
import { boot, isOn, Machines, powerOff, powerOn, runOn } from "../../lab/machines";
import { progress } from "../../lab/plain/progress.cjs";
import { joinCloudInit, planJoin } from "../../components/tailnet/join";
import { planTailnet } from "../../components/tailnet/tailnet.plan";
import { loadStack } from "../../stacks";
import { entry, hubOf } from "../../stacks/estate";
import type { Context } from "./context";
import { CommandError } from "./exit";
import { table } from "./table";

/** How long the full lab's machines may take to join, all of them. */
const joinSeconds = 90;

/** Switches on what the full lab's machines run, when it does not run any more: after a restart of the computer, say. */
export async function switchOn(context: Pick<Context, "say" | "stack">, lab: LabFolder): Promise<void> {
  const machines = new Machines(lab.machines);
  // The hub first: a client that finds none waits, and says so in its log.
  const all = machines.all().sort((a, b) => Number(b.runs === "hub") - Number(a.runs === "hub"));
  for (const machine of all.filter((one) => !isOn(machines, one))) {
    context.say(`Switching on ${machine.name} (${machine.runs === "hub" ? "headscale" : "tailscaled"})`);
    try {
      await powerOn(machines, machine);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CommandError(`${machine.name} of the lab does not come up. ${reason}\n${goneRemedy(context.stack)}`);
    }
  }
}

/** What to do about a lab that does not come up. */
export function goneRemedy(stack: string): string {
  return `Nothing in a lab is worth keeping: make down STACK=${stack} LAB=full removes it.`;
}

/** Ends everything that the full lab's machines run. */
export async function switchOff(lab: LabFolder): Promise<void> {
  const machines = new Machines(lab.machines);
  for (const machine of machines.all()) await powerOff(machines, machine);
}

const secretOutputs = z.object({ secret: z.object({ joinKeys: z.record(z.string(), z.string()) }) });

/**
 * Plays the part of those who set up machines that no API creates, and of the Talos nodes' tailscale extension: each machine
 * with a join key that runs nothing yet gets a client and joins with that key, by the estate's own join script.
 *
 * @param outputs the stack's outputs with their secrets, JSON
 */
export async function joinTheRest(context: Context, lab: LabFolder, outputs: string): Promise<void> {
  const estate = loadStack(context.stack);
  const machines = new Machines(lab.machines);
  const { joinKeys } = secretOutputs.parse(JSON.parse(outputs)).secret;
  const loginServer = z.object({ public: z.object({ tailnet: z.string() }) }).parse(JSON.parse(outputs)).public.tailnet;
  const routes = new Map(planTailnet(estate).routes);
  for (const [name, authKey] of Object.entries(joinKeys)) {
    if (machines.find(name) !== undefined) continue;
    const plan = { ...planJoin(estate, name, entry(estate.machines, name)), advertises: routes.get(name) ?? [] };
    const { writeFiles, runcmd } = joinCloudInit({ ...plan, loginServer, authKey });
    const userData = `#cloud-config\n${stringify({ write_files: writeFiles, runcmd })}`;
    await boot(machines, { name, address: "", userData });
  }
}

const nodeSchema = z.object({
  given_name: z.string(),
  tags: z.array(z.string()).nullish(),
  ip_addresses: z.array(z.string()).nullish(),
  available_routes: z.array(z.string()).nullish(),
  approved_routes: z.array(z.string()).nullish(),
  online: z.boolean().nullish(),
});

type Node = z.infer<typeof nodeSchema>;

/** What the hub's own command line says about the nodes, as an operator would ask it. */
async function nodesOf(machines: Machines, hub: string): Promise<Node[]> {
  const { stdout } = await runOn(machines.place(hub), "sudo headscale nodes list --output json");
  return z.array(nodeSchema).nullable().parse(JSON.parse(stdout)) ?? [];
}

/**
 * Waits until every machine of the full lab that runs a client is in the tailnet, then prints what the hub says about them.
 * Nobody has clicked anything by then.
 *
 * @throws CommandError naming the machines that have not joined, and where their logs are
 */
export async function reportNodes(context: Context, lab: LabFolder): Promise<void> {
  const machines = new Machines(lab.machines);
  const hub = hubOf(loadStack(context.stack).tailnet);
  if (hub === undefined || machines.find(hub) === undefined) return;
  const clients = machines.all().filter(({ runs }) => runs === "client");
  const shown = progress(`Waiting for ${String(clients.length)} machines to join the tailnet`);
  const end = Date.now() + joinSeconds * 1000;
  for (;;) {
    const nodes = await nodesOf(machines, hub);
    const outside = clients.filter(({ name }) => !nodes.some((node) => node.given_name === name && node.online));
    if (outside.length === 0) {
      shown.done(`${String(clients.length)} machines have joined the tailnet`);
      printNodes(context, nodes);
      return;
    }
    if (Date.now() > end) {
      shown.failed();
      const logs = outside.map(({ name }) => machines.place(name).log).join("\n  ");
      throw new CommandError(`Not joined within ${String(joinSeconds)} s; what their first boot said:\n  ${logs}`);
    }
    await sleep(300);
  }
}

function printNodes({ print }: Context, nodes: readonly Node[]): void {
  print("\nNodes, as the real headscale has them:");
  const rows = nodes.map((node) => {
    const approved = node.approved_routes ?? [];
    const waiting = (node.available_routes ?? []).filter((cidr) => !approved.includes(cidr));
    const routes = [...approved, ...waiting.map((cidr) => `${cidr} (not approved)`)];
    return [node.given_name, (node.tags ?? []).join(" "), node.ip_addresses?.[0] ?? "", routes.join(" ")];
  });
  table([["node", "tags", "address", "routes"], ...rows]).forEach(print);
}
