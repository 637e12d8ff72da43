import * as pulumi from "@pulumi/pulumi";

export interface ProviderArgs {
  /** URL of the Headscale server, for example "https://headscale.example.org". Needed unless `world` is given. */
  readonly endpoint?: pulumi.Input<string>;
  /** API key; kept secret. Needed unless `world` is given. */
  readonly apiKey?: pulumi.Input<string>;
  /** Path of a lab's world file: the provider then simulates a server there, and reaches nobody. */
  readonly world?: pulumi.Input<string>;
  /** Version to go by when the server was built without one and says "dev". @default what the server says */
  readonly assumeVersion?: pulumi.Input<string>;
}

/** A Headscale server (0.29), or a simulated one. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions) {
    const key = args.apiKey === undefined ? {} : { apiKey: pulumi.secret(args.apiKey) };
    super("headscale", name, { ...args, ...key }, opts);
  }
}
