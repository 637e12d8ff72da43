import { versionPairProblem, versionStepProblem } from "../../../providers/talos/versions";
import type { TalosClusterSpec } from "../../../stacks/estate";

/** What a node runs now. */
export interface NodeVersions {
  readonly talos: string;
  /** Of its kubelet. */
  readonly kubernetes: string;
}

/** One thing that `up` does, in the order it does it. */
export type UpgradeStep =
  /** All members of etcd and all control planes are well, or nothing begins. */
  | { readonly kind: "preflight" }
  /** Of etcd, verified, before the first node changes. */
  | { readonly kind: "snapshot"; readonly on: string; readonly before: string }
  /** Talos drains the node itself before it takes it down. Waits for the version, then for everything to be well again. */
  | { readonly kind: "talos"; readonly node: string; readonly from: string; readonly to: string }
  /** API servers first, kubelets last, one node at a time. */
  | { readonly kind: "kubernetes"; readonly nodes: readonly string[]; readonly from: string; readonly to: string };

/** What is between a cluster and its spec: what is to be done, or why it can't be. */
export interface UpgradePlan {
  readonly steps: readonly UpgradeStep[];
  readonly problems: readonly string[];
}

/**
 * Plans an upgrade as `up` carries it out (providers/talos/backends/upgrade.ts and kubernetesUpgrade.ts): Talos on the control
 * planes one at a time, on the workers one at a time, then Kubernetes on all. What has its version already is left alone,
 * so the plan of an upgrade that was interrupted is its rest.
 *
 * @param present what the nodes run, by name; every node that the cluster names
 */
export function planUpgrade(cluster: TalosClusterSpec, present: Readonly<Record<string, NodeVersions>>): UpgradePlan {
  const nodes = [...cluster.controlPlanes, ...cluster.workers].flatMap((name) => {
    const versions = present[name];
    return versions === undefined ? [] : [{ name, ...versions }];
  });
  const problems = [...new Set(nodes.flatMap((node) => problemsOf(cluster, node)))];
  const talos = nodes.filter((node) => node.talos !== cluster.talos);
  const kubernetes = nodes.filter((node) => node.kubernetes !== cluster.kubernetes);
  if (problems.length > 0 || talos.length + kubernetes.length === 0) return { steps: [], problems };
  return {
    steps: [{ kind: "preflight" }, ...talosSteps(cluster, nodes), ...kubernetesSteps(cluster, kubernetes)],
    problems,
  };
}

/** A step in a line, for people. */
export function describeStep(step: UpgradeStep): string {
  switch (step.kind) {
    case "preflight":
      return "preflight: every member of etcd and every control plane is well";
    case "snapshot":
      return `snapshot of etcd on ${step.on}, verified, before ${step.before}`;
    case "talos":
      return `${step.node}: Talos ${step.from} -> ${step.to} (Talos drains it); then all is well again`;
    case "kubernetes":
      return `Kubernetes ${step.from} -> ${step.to} on ${step.nodes.join(", ")}: API servers first, kubelets last`;
  }
}

interface Node extends NodeVersions {
  readonly name: string;
}

function talosSteps({ talos, controlPlanes }: TalosClusterSpec, nodes: readonly Node[]): UpgradeStep[] {
  const behind = nodes.filter((node) => node.talos !== talos);
  const [first] = behind;
  // When a control plane has the version already, the snapshot was taken before that one changed.
  const hasBegun = nodes.some((node) => controlPlanes.includes(node.name) && node.talos === talos);
  const takes = first !== undefined && controlPlanes.includes(first.name) && !hasBegun;
  return [
    ...(takes ? [{ kind: "snapshot", on: first.name, before: `Talos ${talos}` } as const] : []),
    ...behind.map((node) => ({ kind: "talos", node: node.name, from: node.talos, to: talos }) as const),
  ];
}

function kubernetesSteps({ kubernetes: to, controlPlanes }: TalosClusterSpec, behind: readonly Node[]): UpgradeStep[] {
  const [first] = behind;
  if (first === undefined) return [];
  return [
    { kind: "snapshot", on: controlPlanes[0] ?? first.name, before: `Kubernetes ${to}` },
    { kind: "kubernetes", nodes: behind.map(({ name }) => name), from: first.kubernetes, to },
  ];
}

function problemsOf({ talos, kubernetes }: TalosClusterSpec, node: Node): string[] {
  const pair = versionPairProblem(talos, kubernetes);
  const between = versionPairProblem(talos, node.kubernetes);
  return [
    pair,
    versionStepProblem("Talos", node.talos, talos),
    versionStepProblem("Kubernetes", node.kubernetes, kubernetes),
    pair === undefined && between !== undefined
      ? `Talos is upgraded before Kubernetes, and then ${between}: bring the other Kubernetes up first, then this Talos`
      : undefined,
  ].flatMap((problem) => (problem === undefined ? [] : [problem]));
}
