import * as pulumi from "@pulumi/pulumi";

export interface ProviderArgs {
  /** Path of talosctl, or its name on PATH. @default "talosctl" */
  readonly talosctl?: pulumi.Input<string>;
  /** Path of a lab's world file: the provider then simulates nodes there, and reaches nobody. */
  readonly world?: pulumi.Input<string>;
}

/** Talos nodes by talosctl, or simulated ones. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs = {}, opts?: pulumi.ResourceOptions) {
    super("talos", name, { ...args }, opts);
  }
}
