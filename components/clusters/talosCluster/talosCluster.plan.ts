import type { Gpu, TalosClusterSpec } from "../../../stacks/estate";
import type { InputProblem } from "../../inputProblems";
import { type ConfigDocument, nodeDocuments } from "./machineConfig";
import { extensionsFor, installerImage, schematicId } from "./schematic";
import type { NodeJoin } from "./tailscale";

/** A node as far as the plan goes; its address only flows. */
export interface NodeShape {
  readonly role: "control-plane" | "worker";
  /** The card passed through to it. @default none */
  readonly gpu?: Gpu | undefined;
  /** How it takes part in the tailnet. @default it does not */
  readonly join?: NodeJoin | undefined;
}

/** One machine of the cluster, configured after those it names. */
export interface MachinePlan {
  readonly name: string;
  readonly role: NodeShape["role"];
  /** Merged over the generated configuration, in this order. */
  readonly documents: readonly ConfigDocument[];
  readonly installerImage: string;
  readonly schematicId: string;
  /**
   * Configured one after another, because two control planes that reboot at once cost etcd its quorum, and two workers
   * their pods a place to go.
   */
  readonly after: readonly string[];
}

/** A cluster's machines in the order in which they are configured: the first is the one that bootstraps. */
export interface TalosClusterPlan {
  /** URL of the Kubernetes API. */
  readonly endpoint: string;
  readonly bootstrapOn: string;
  readonly machines: readonly MachinePlan[];
}

/**
 * Plans a Talos cluster. Control planes come first, then the workers, each after the one before: what changes a node may
 * restart it.
 */
export function planTalosCluster(
  cluster: TalosClusterSpec,
  nodes: Readonly<Record<string, NodeShape>>,
  subnets: readonly string[],
): TalosClusterPlan {
  const order = [
    ...cluster.controlPlanes.map((name) => [name, "control-plane"] as const),
    ...cluster.workers.map((name) => [name, "worker"] as const),
  ];
  return {
    endpoint: `https://${cluster.endpoint}:6443`,
    bootstrapOn: cluster.controlPlanes[0] ?? "",
    machines: order.map(([name, role], index) =>
      planMachine(
        name,
        role,
        cluster,
        nodes,
        subnets,
        order.slice(Math.max(0, index - 1), index).map(([before]) => before),
      ),
    ),
  };
}

/** Everything wrong with the nodes of a cluster, with what to do. */
export function clusterProblems(
  cluster: TalosClusterSpec,
  nodes: Readonly<Record<string, NodeShape>>,
  subnets: readonly string[],
): InputProblem[] {
  const expected = new Map([
    ...cluster.workers.map((name) => [name, "worker"] as const),
    ...cluster.controlPlanes.map((name) => [name, "control-plane"] as const),
  ]);
  return [
    ...(cluster.controlPlanes.length % 2 === 1 ? [] : [evenControlPlanes(cluster.controlPlanes.length)]),
    ...(isKnownTalos(cluster.talos) ? [] : [oldTalos(cluster.talos)]),
    ...(subnets.length > 0 ? [] : [noSubnets]),
    ...[...expected].flatMap(([name, role]) => wrongNode(name, role, nodes[name])),
    ...Object.keys(nodes)
      .filter((name) => !expected.has(name))
      .map(strangeNode),
  ];
}

function planMachine(
  name: string,
  role: NodeShape["role"],
  cluster: TalosClusterSpec,
  nodes: Readonly<Record<string, NodeShape>>,
  subnets: readonly string[],
  after: readonly string[],
): MachinePlan {
  const { gpu, join } = nodes[name] ?? {};
  const needs = { talos: cluster.talos, gpu, tailnet: join !== undefined };
  return {
    name,
    role,
    documents: nodeDocuments({ ...needs, name, role, cluster, subnets }),
    installerImage: installerImage(needs),
    schematicId: schematicId(extensionsFor(needs)),
    after,
  };
}

function evenControlPlanes(count: number): InputProblem {
  return { propertyPath: "cluster.controlPlanes", reason: `are ${count}, expected an odd number: add or remove one` };
}

function isKnownTalos(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 12);
}

function oldTalos(version: string): InputProblem {
  const reason = `is "${version}", expected 1.12 or later: the machine configuration has documents of 1.12`;
  return { propertyPath: "cluster.talos", reason };
}

const noSubnets: InputProblem = {
  propertyPath: "subnets",
  reason: "is empty, so that the nodes' firewalls would keep everybody out: give the networks of the nodes",
};

function wrongNode(name: string, role: NodeShape["role"], node: NodeShape | undefined): InputProblem[] {
  const propertyPath = `nodes.${name}`;
  if (node === undefined) return [{ propertyPath, reason: `is missing, expected a ${role}: add it` }];
  if (node.role === role) return [];
  return [
    { propertyPath: `${propertyPath}.role`, reason: `is "${node.role}", expected "${role}": correct one of the two` },
  ];
}

function strangeNode(name: string): InputProblem {
  return {
    propertyPath: `nodes.${name}`,
    reason: "is not in the cluster: add it to controlPlanes or workers, or remove it",
  };
}
