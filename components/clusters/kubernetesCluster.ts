import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** A cluster that things can run on, whoever made it. */
export interface KubernetesCluster {
  /** URL of the Kubernetes API. */
  readonly endpoint: pulumi.Output<string>;
  /** For an administrator of Kubernetes; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** For everything that runs on this cluster, and nothing else. */
  readonly provider: kubernetes.Provider;
}

/**
 * The Kubernetes provider of a cluster.
 *
 * @param cluster the component it belongs to
 * @param name the cluster's name in the spec; another cluster is another name
 * @param kubeconfig always treated as secret
 */
export function createKubernetesProvider(
  cluster: pulumi.ComponentResource,
  name: string,
  kubeconfig: pulumi.Input<string>,
): kubernetes.Provider {
  return new kubernetes.Provider(
    `${name}-kubernetes`,
    {
      kubeconfig: pulumi.secret(kubeconfig),
      // Otherwise the provider guesses from the kubeconfig whether this is another cluster, and replaces everything on it.
      clusterIdentifier: name,
      // A cluster that can't be reached is an error, never a reason to forget what runs on it.
      deleteUnreachable: false,
      enableServerSideApply: true,
    },
    { parent: cluster },
  );
}
