import { versionStepProblem } from "../versions";

import type { ClusterSpec } from "./api";
import { kubernetesVersionOf } from "./facts";
import type { Health } from "./health";
import type { Access, Nodes } from "./nodes";
import { takeSnapshot, type SnapshotPlace } from "./snapshots";

const anHour = 3_600_000;

/**
 * Upgrades Kubernetes on all nodes of a cluster by `talosctl upgrade-k8s`: the API servers one control plane after another,
 * then what talks to them, the kubelets last, so that none is ever newer than an API server it may talk to; then the
 * manifests that Talos brings (kube-proxy, CoreDNS). It skips what is done already:
 * https://docs.siderolabs.com/kubernetes-guides/advanced-guides/upgrading-kubernetes
 */
export class KubernetesUpgrade {
  constructor(
    private readonly nodes: Nodes,
    private readonly health: Health,
    private readonly snapshots: SnapshotPlace,
  ) {}

  /** The version of the nodes: the first that is not `wanted`, where they have several. */
  async version({ nodes }: ClusterSpec, at: Access, wanted: string): Promise<string> {
    // Through the control plane: talosctl's endpoint passes the question on.
    const versions = await Promise.all(nodes.map((node) => kubernetesVersionOf(this.nodes, { ...at, node })));
    return versions.find((version) => version !== wanted) ?? wanted;
  }

  async run(cluster: ClusterSpec, at: Access, wanted: string): Promise<void> {
    const doing = `upgrading ${cluster.clusterName} to Kubernetes ${wanted}`;
    const present = await this.version(cluster, at, wanted);
    if (present === wanted) return;
    const problem = versionStepProblem("Kubernetes", present, wanted);
    if (problem !== undefined) throw new Error(`${doing}: ${problem}`);
    await this.health.untilControlPlaneWell(at, doing);
    const path = this.snapshots.pathFor(cluster.clusterName, `kubernetes-${wanted}`);
    await takeSnapshot(this.nodes, at, path);
    const plain = ["--with-docs=false", "--with-examples=false"];
    await this.nodes.run(at, doing, ["upgrade-k8s", "--from", present, "--to", wanted, ...plain], anHour);
    const after = await this.version(cluster, at, wanted);
    if (after !== wanted)
      throw new Error(
        `${doing}: talosctl is done, and a node still has Kubernetes ${after}; run up again, which goes on`,
      );
    await this.health.untilControlPlaneWell(at, `after ${doing}`);
  }
}
