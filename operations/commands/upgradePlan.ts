import { describeStep, type NodeVersions, planUpgrade } from "../../components/clusters/talosCluster/upgrade.plan";
import { loadStack } from "../../stacks";
import { existingClustersOf, nodeNames, talosClustersOf, type TalosClusterSpec } from "../../stacks/estate";
import type { Command, Context } from "../cli/context";
import { CommandError, exit } from "../cli/exit";
import { requireReadiness } from "../cli/ready";
import { askEngine, openSession, type Session, tool, worldLine } from "../cli/session";
import { askNodes, type NodeOutputs, readNodeOutputs, simulatedNodes } from "../cli/upgradePlan";

/** Prints what `up` would upgrade, step by step, by what the nodes run now. Changes nothing. */
export const upgradePlan: Command = {
  name: "upgrade-plan",
  summary: "say in which steps up would upgrade Talos and Kubernetes; changes nothing",
  async run(context) {
    requireReadiness(context);
    context.print(worldLine(context));
    const session = await openSession(context);
    const outputs = readNodeOutputs(
      (await askEngine(context, session, ["stack", "output", "--json", "--show-secrets"])) ?? "{}",
    );
    if (outputs === undefined)
      throw new CommandError(`Stack ${context.stack} has no clusters yet: nothing is upgraded before the first up.`);
    let code: number = exit.ok;
    const estate = loadStack(context.stack);
    for (const [name] of existingClustersOf(estate))
      context.print(`\nCluster ${name}: exists, and is upgraded by whoever runs it; then name its version in the spec`);
    for (const [name, cluster] of talosClustersOf(estate)) {
      const present = await presentVersions(context, session, outputs, name, cluster);
      if (!printPlan(context, name, cluster, present)) code = exit.failed;
    }
    return code;
  },
};

async function presentVersions(
  context: Context,
  { lab }: Session,
  { addresses, talosconfigs }: NodeOutputs,
  name: string,
  cluster: TalosClusterSpec,
): Promise<Readonly<Record<string, NodeVersions>>> {
  const known = Object.fromEntries(
    nodeNames(cluster).flatMap((node) => (addresses[node] === undefined ? [] : [[node, addresses[node]]])),
  );
  if (lab?.kind === "embedded") return simulatedNodes(lab.world, known);
  const talosconfig = talosconfigs[name];
  if (talosconfig === undefined) return {};
  return askNodes((await tool(context, "talosctl")).path, talosconfig, known);
}

/** Whether there is a way from what is to what is wanted. */
function printPlan(
  { print }: Context,
  name: string,
  cluster: TalosClusterSpec,
  present: Readonly<Record<string, NodeVersions>>,
): boolean {
  const { steps, problems } = planUpgrade(cluster, present);
  print(`\nCluster ${name}: wanted are Talos ${cluster.talos} and Kubernetes ${cluster.kubernetes}`);
  for (const problem of problems) print(`  refused: ${problem}`);
  steps.forEach((step, index) => {
    print(`  ${String(index + 1).padStart(2)}. ${describeStep(step)}`);
  });
  for (const node of nodeNames(cluster))
    if (present[node] === undefined) print(`  ${node} is not there yet: up creates it`);
  if (steps.length + problems.length === 0) print("  nothing to upgrade");
  return problems.length === 0;
}
