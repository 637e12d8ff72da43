import * as pulumi from "@pulumi/pulumi";

import { properties, withSecretOutputs } from "../../common/sdk";
import type { ClientConfiguration } from "../talosconfig";

export interface EtcdSnapshotArgs {
  /** Address of a control plane. */
  readonly node: pulumi.Input<string>;
  /** Where the node's API is asked for. @default the node */
  readonly endpoint?: pulumi.Input<string>;
  /** Absolute path of the file, on the machine that runs the program. */
  readonly path: pulumi.Input<string>;
  /** Another text takes the snapshot again: a version, a date. @default "" */
  readonly trigger?: pulumi.Input<string>;
  /** `clientConfiguration` of the cluster's Secrets. */
  readonly clientConfiguration: pulumi.Input<ClientConfiguration>;
}

/** A snapshot of etcd in a file. Deleting the resource leaves the file. */
export class EtcdSnapshot extends pulumi.CustomResource {
  declare readonly sha256: pulumi.Output<string>;
  /** Bytes. */
  declare readonly size: pulumi.Output<number>;

  constructor(name: string, args: EtcdSnapshotArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, clientConfiguration: pulumi.secret(args.clientConfiguration) };
    super(
      "talos:index:EtcdSnapshot",
      name,
      properties(inputs, "sha256", "size"),
      withSecretOutputs(opts, "clientConfiguration"),
    );
  }
}
