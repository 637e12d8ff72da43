import * as pulumi from "@pulumi/pulumi";

import type { Duration } from "../../common/duration";
import { properties, withSecretOutputs } from "../../common/sdk";

export interface ApiKeyArgs {
  /** How long it is valid from when it is made: "90 days". */
  readonly expiration: pulumi.Input<Duration>;
  /** A run makes it anew when less than this is left. @default a quarter of `expiration` */
  readonly renewBefore?: pulumi.Input<Duration>;
}

/** A key for the API of the Headscale server. */
export class ApiKey extends pulumi.CustomResource {
  /** The key itself; secret. */
  declare readonly key: pulumi.Output<string>;
  /** The public part of it, by which the server lists it. */
  declare readonly prefix: pulumi.Output<string>;
  /** When it ends, ISO 8601. */
  declare readonly expiresAt: pulumi.Output<string>;

  constructor(name: string, args: ApiKeyArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "headscale:index:ApiKey",
      name,
      properties(args, "key", "prefix", "expiresAt"),
      withSecretOutputs(opts, "key"),
    );
  }
}
