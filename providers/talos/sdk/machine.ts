import * as pulumi from "@pulumi/pulumi";

import { properties, withSecretOutputs } from "../../common/sdk";
import type { ClientConfiguration } from "../talosconfig";

export interface MachineArgs {
  /** Address of the node. Another one is another machine. */
  readonly node: pulumi.Input<string>;
  /** Where the node's API is asked for. @default the node */
  readonly endpoint?: pulumi.Input<string>;
  readonly machineType: pulumi.Input<"controlplane" | "worker">;
  readonly clusterName: pulumi.Input<string>;
  /** URL of the Kubernetes API: "https://10.0.0.10:6443". */
  readonly clusterEndpoint: pulumi.Input<string>;
  /** `machineSecrets` of the cluster's Secrets. */
  readonly secrets: pulumi.Input<string>;
  /** `clientConfiguration` of the cluster's Secrets. */
  readonly clientConfiguration: pulumi.Input<ClientConfiguration>;
  /** For example "1.34.3"; must be one that the Talos version runs. A node that runs gets another from the Cluster. */
  readonly kubernetesVersion: pulumi.Input<string>;
  /** For example "1.12.0"; another one is installed in place. */
  readonly talosVersion: pulumi.Input<string>;
  /** `contract` of the cluster's Secrets. @default the format the machine first had */
  readonly contract?: pulumi.Input<string>;
  /** Merged over the generated configuration, in this order: YAML or JSON texts, or objects. @default none */
  readonly patches?: pulumi.Input<pulumi.Input<string | Readonly<Record<string, unknown>>>[]>;
  /** Schematic of the image factory; used for the installer when `installImage` is absent. @default none */
  readonly schematic?: pulumi.Input<string>;
  /** The installer. @default that of the schematic, else the plain one of the release */
  readonly installImage?: pulumi.Input<string>;
  /** A control plane, which a worker that is reset is taken out of Kubernetes by. @default its Node object stays */
  readonly controlPlane?: pulumi.Input<{
    readonly node: pulumi.Input<string>;
    readonly endpoint?: pulumi.Input<string>;
  }>;
  /**
   * What becomes of the node when the resource is deleted: "reset" takes it out of etcd and Kubernetes, and wipes it.
   * @default "leave"
   */
  readonly onDestroy?: pulumi.Input<"leave" | "reset">;
}

/** A node with its configuration. */
export class Machine extends pulumi.CustomResource {
  declare readonly node: pulumi.Output<string>;
  /** The installer in its configuration. */
  declare readonly image: pulumi.Output<string>;
  /** Hash of the configuration the node has. */
  declare readonly configHash: pulumi.Output<string>;
  /** Hash of the configuration it was given. */
  declare readonly appliedHash: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = {
      ...args,
      secrets: pulumi.secret(args.secrets),
      clientConfiguration: pulumi.secret(args.clientConfiguration),
    };
    const secret = withSecretOutputs(opts, "secrets", "clientConfiguration");
    super("talos:index:Machine", name, properties(inputs, "image", "configHash", "appliedHash"), secret);
  }
}
