import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { capture } from "../../lab/control/daemon";
import type { LabFolder } from "../../lab/launch";
import { progress } from "../../lab/plain/progress.cjs";
import { loadStack } from "../../stacks";
import { entry, nodeNames, talosClustersOf } from "../../stacks/estate";
import type { Context } from "./context";
import { CommandError } from "./exit";
import { table } from "./table";

/** How long the nodes of a cluster may take to be ready. Seconds. */
const readySeconds = 60;

const outputsSchema = z.object({ secret: z.object({ kubeconfigs: z.record(z.string(), z.string()) }) });

const nodeSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ unschedulable: z.boolean().default(false) }),
  status: z.object({
    capacity: z.record(z.string(), z.string()).default({}),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
    nodeInfo: z.object({ kubeletVersion: z.string(), osImage: z.string() }),
  }),
});
type Node = z.infer<typeof nodeSchema>;

/**
 * Asks each cluster of the full lab for its nodes with the kubeconfig that the stack gave out, waits until all that the spec
 * declares are ready, and prints what kubectl says. The kubeconfigs stay in the lab's folder, for whoever goes on by hand.
 *
 * @param outputs the stack's outputs with their secrets, JSON
 * @throws CommandError naming the nodes that are missing or not ready
 */
export async function reportClusters(context: Context, lab: LabFolder, outputs: string): Promise<void> {
  const estate = loadStack(context.stack);
  const { kubeconfigs } = outputsSchema.parse(JSON.parse(outputs)).secret;
  for (const [cluster, declared] of talosClustersOf(estate)) {
    const file = keep(lab, cluster, entry(kubeconfigs, cluster));
    const nodes = await readyNodes(lab, file, cluster, nodeNames(declared));
    context.print(`\nNodes of cluster ${cluster}: kubectl --kubeconfig ${file} get nodes`);
    table([["node", "status", "roles", "address", "kubelet", "os", "nvidia.com/gpu"], ...nodes.map(rowOf)]).forEach(
      context.print,
    );
  }
}

function keep({ directory }: LabFolder, cluster: string, text: string): string {
  const folder = join(directory, "kubeconfigs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, cluster);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

async function readyNodes(lab: LabFolder, kubeconfig: string, cluster: string, wanted: readonly string[]) {
  const shown = progress(`Waiting for ${String(wanted.length)} nodes of cluster ${cluster}`);
  const end = Date.now() + readySeconds * 1000;
  for (;;) {
    const nodes = await nodesOf(lab, kubeconfig);
    const waiting = wanted.filter((name) => !nodes.some((node) => node.metadata.name === name && isReady(node)));
    if (waiting.length === 0) {
      shown.done(`${String(wanted.length)} nodes of cluster ${cluster} are ready`);
      return nodes;
    }
    if (Date.now() > end) {
      shown.failed();
      throw new CommandError(
        `Not ready in cluster ${cluster} within ${String(readySeconds)} s: ${waiting.join(", ")}. The lab's own log: ${join(lab.hypervisor, "hypervisor.log")}`,
      );
    }
    await sleep(300);
  }
}

async function nodesOf({ bin }: LabFolder, kubeconfig: string): Promise<Node[]> {
  const text = await capture(join(bin, "kubectl"), ["--kubeconfig", kubeconfig, "get", "nodes", "--output", "json"]);
  return z.object({ items: z.array(nodeSchema) }).parse(JSON.parse(text)).items;
}

function isReady({ status }: Node): boolean {
  return status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
}

function rowOf(node: Node): string[] {
  const { metadata, spec, status } = node;
  const roles = Object.keys(metadata.labels).flatMap(
    (label) => /^node-role\.kubernetes\.io\/(.+)$/.exec(label)?.[1] ?? [],
  );
  const address = status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "";
  const state = [isReady(node) ? "Ready" : "NotReady", ...(spec.unschedulable ? ["SchedulingDisabled"] : [])].join(",");
  const { kubeletVersion, osImage } = status.nodeInfo;
  return [
    metadata.name,
    state,
    roles.join(","),
    address,
    kubeletVersion,
    osImage,
    status.capacity["nvidia.com/gpu"] ?? "",
  ];
}
