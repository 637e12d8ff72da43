import { setTimeout as sleep } from "node:timers/promises";
import { KubernetesApi } from "./client";
import type { NodeFacts } from "./facts";
import type { Kubernetes } from "./kubernetes";
import { nodeChanges, nodeSchema } from "./ownership";
import { nodeStatus } from "./status";

const nodes = "/api/v1/nodes";
const patience = 10_000;

/**
 * Says to Kubernetes what machines are, as their kubelets and Talos do: makes nodes that are not there, and changes what
 * is different. Labels, taints and cordons of others stay, and no node is ever removed: real ones are not, either.
 */
export async function registerNodes(
  { kubeconfig }: Pick<Kubernetes, "kubeconfig">,
  facts: readonly NodeFacts[],
): Promise<void> {
  const api = new KubernetesApi(kubeconfig);
  await Promise.all(facts.map((fact) => register(api, fact)));
}

/** Others change nodes all the time: it tries again with what they have made of it. */
async function register(api: KubernetesApi, facts: NodeFacts): Promise<void> {
  const until = Date.now() + patience;
  while (!(await registerOnce(api, facts))) {
    if (Date.now() > until) throw new Error(`Node ${facts.name} changes faster than it can be registered`);
    await sleep(50);
  }
}

async function registerOnce(api: KubernetesApi, facts: NodeFacts): Promise<boolean> {
  const path = `${nodes}/${facts.name}`;
  const found = await api.read(path);
  if (found === undefined) {
    // Nothing is placed on it yet: it is not ready before it is known what it is.
    await api.create(nodes, { apiVersion: "v1", kind: "Node", metadata: { name: facts.name } });
    return false;
  }
  // The status first: a machine that is on again is never taken for what it was before.
  const told = await api.merge(`${path}/status`, { status: nodeStatus(facts) });
  return told && api.merge(path, nodeChanges(nodeSchema.parse(await api.read(path)), facts));
}
