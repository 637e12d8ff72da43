import * as pulumi from "@pulumi/pulumi";

import type { Duration } from "../../common/duration";
import { properties, withSecretOutputs } from "../../common/sdk";

export interface PreAuthKeyArgs {
  /** Id of the user the machines will belong to. A key needs tags or a user. */
  readonly user?: pulumi.Input<string>;
  /** Tags the machines get, for example "tag:ci". @default none */
  readonly tags?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether several machines may join with it. @default false */
  readonly reusable?: pulumi.Input<boolean>;
  /** Whether its machines are forgotten when they go offline. @default false */
  readonly ephemeral?: pulumi.Input<boolean>;
  /** How long it is valid from when it is made: "24 hours". */
  readonly expiration: pulumi.Input<Duration>;
  /** A run makes it anew when less than this is left and it can still be used. @default a quarter of `expiration` */
  readonly renewBefore?: pulumi.Input<Duration>;
}

/** A key with which machines join. Every change makes a new one; joined machines are not touched by it. */
export class PreAuthKey extends pulumi.CustomResource {
  /** The key itself; secret. */
  declare readonly key: pulumi.Output<string>;
  /** When it ends, ISO 8601. */
  declare readonly expiresAt: pulumi.Output<string>;

  constructor(name: string, args: PreAuthKeyArgs, opts?: pulumi.CustomResourceOptions) {
    super("headscale:index:PreAuthKey", name, properties(args, "key", "expiresAt"), withSecretOutputs(opts, "key"));
  }
}
