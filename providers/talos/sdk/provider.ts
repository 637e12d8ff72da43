import * as pulumi from "@pulumi/pulumi";

export interface ProviderArgs {
  /** Path of talosctl, or its name on PATH. @default "talosctl" */
  readonly talosctl?: pulumi.Input<string>;
  /**
   * Directory for the snapshots of etcd that are taken before an upgrade. Each holds every secret of its cluster.
   * @default estate/etcd-snapshots under the user's state directory
   */
  readonly snapshots?: pulumi.Input<string>;
  /** Path of a lab's world file: the provider then simulates nodes there, and reaches nobody. */
  readonly world?: pulumi.Input<string>;
}

/** Talos nodes by talosctl, or simulated ones. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
    super("talos", name, { ...args }, opts);
  }
}
