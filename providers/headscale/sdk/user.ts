import * as pulumi from "@pulumi/pulumi";

import { properties } from "../../common/sdk";

export interface UserArgs {
  /** Lower-case letters, digits, ".", "_", "-", one "@"; begins with a letter, two characters at least. The policy names the user "<name>@". */
  readonly name: pulumi.Input<string>;
  /** Changing it makes a new user. @default "" */
  readonly displayName?: pulumi.Input<string>;
  /** Changing it makes a new user. @default "" */
  readonly email?: pulumi.Input<string>;
}

/** A user; its `id` is what PreAuthKey takes as `user`. */
export class User extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly displayName: pulumi.Output<string>;
  declare readonly email: pulumi.Output<string>;

  constructor(name: string, args: UserArgs, opts?: pulumi.CustomResourceOptions) {
    super("headscale:index:User", name, properties(args, "displayName", "email"), opts);
  }
}
