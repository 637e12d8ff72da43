import * as pulumi from "@pulumi/pulumi";

import { properties, withSecretOutputs } from "../../common/sdk";
import type { ClientConfiguration } from "../talosconfig";

export interface ClusterArgs {
  /** Name in the kubeconfig and the talosconfig. Another one is another cluster. */
  readonly clusterName: pulumi.Input<string>;
  /** The control plane on which etcd begins; it must be configured by then (dependsOn its Machine). */
  readonly bootstrapNode: pulumi.Input<string>;
  /** Where that node's API is asked for. @default the node */
  readonly bootstrapEndpoint?: pulumi.Input<string>;
  /** Host of the Kubernetes API, without scheme and port: the virtual address, or a control plane's. */
  readonly endpoint: pulumi.Input<string>;
  /** Addresses of all nodes, for the talosconfig. */
  readonly nodes: pulumi.Input<pulumi.Input<string>[]>;
  /** Another one is brought to all nodes, after a snapshot of etcd. @default whatever the nodes have */
  readonly kubernetesVersion?: pulumi.Input<string>;
  /** `clientConfiguration` of the cluster's Secrets. */
  readonly clientConfiguration: pulumi.Input<ClientConfiguration>;
}

/** The cluster that machines make. */
export class Cluster extends pulumi.CustomResource {
  /** For an administrator; secret. */
  declare readonly kubeconfig: pulumi.Output<string>;
  /** For an administrator; secret. */
  declare readonly talosconfig: pulumi.Output<string>;
  /** When the kubeconfig no longer lets in, RFC 3339; undefined in a simulated world. */
  declare readonly kubeconfigExpires: pulumi.Output<string | undefined>;
  /** When the talosconfig no longer lets in, RFC 3339; undefined in a simulated world. */
  declare readonly talosconfigExpires: pulumi.Output<string | undefined>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, clientConfiguration: pulumi.secret(args.clientConfiguration) };
    const secret = withSecretOutputs(opts, "clientConfiguration", "kubeconfig", "talosconfig");
    const computed = ["kubeconfig", "talosconfig", "kubeconfigExpires", "talosconfigExpires"];
    super("talos:index:Cluster", name, properties(inputs, ...computed), secret);
  }
}
