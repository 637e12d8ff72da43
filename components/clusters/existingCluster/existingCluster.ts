import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ExistingClusterSpec } from "../../../stacks/estate";
import { readKubeconfig } from "../../../stacks/kubeconfig";
import { refuse } from "../../inputProblems";
import { tokens } from "../../tokens";
import { createKubernetesProvider, type KubernetesCluster } from "../kubernetesCluster";

/** A cluster that exists. */
export interface ExistingClusterArgs {
  readonly cluster: ExistingClusterSpec;
  /** What opens its Kubernetes API, YAML. Always treated as secret. */
  readonly kubeconfig: pulumi.Input<string>;
}

/**
 * A Kubernetes cluster that somebody else runs, joined by its kubeconfig. Creates
 *
 * 1. a Kubernetes provider for whatever runs on it.
 *
 * Nothing of the cluster itself is made, changed or removed.
 *
 * @throws InputPropertiesError with every problem of the kubeconfig, without repeating any of it. The stack's own secrets are
 *   checked before (stacks/dials.ts); one that comes from elsewhere is when it is known.
 *
 * @example new ExistingCluster("farm", { cluster, kubeconfig });
 */
export class ExistingCluster extends pulumi.ComponentResource implements KubernetesCluster {
  readonly endpoint: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly provider: kubernetes.Provider;

  constructor(name: string, { cluster, kubeconfig }: ExistingClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.existingCluster, name, { cluster }, opts);
    const server = pulumi.output(kubeconfig).apply((text) => serverOf(name, text));
    // Where the API is opens nothing: the kubeconfig's credentials do.
    this.endpoint = pulumi.unsecret(server);
    // Nothing is done with a kubeconfig that was refused.
    this.kubeconfig = pulumi.secret(pulumi.all([kubeconfig, server]).apply(([text]) => text));
    this.provider = createKubernetesProvider(this, name, this.kubeconfig);
    this.registerOutputs({ endpoint: this.endpoint, kubeconfig: this.kubeconfig });
  }
}

/**
 * URL of the Kubernetes API that a kubeconfig opens.
 *
 * @throws InputPropertiesError with every problem of the kubeconfig
 */
export function serverOf(name: string, text: string): string {
  const { server, problems } = readKubeconfig(text);
  refuse(
    `ExistingCluster "${name}"`,
    problems.map(({ problem, allowed, remedy }) => ({
      propertyPath: "kubeconfig",
      reason: `${problem}, expected ${allowed}: ${remedy}`,
    })),
  );
  return server;
}
