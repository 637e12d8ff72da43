import * as pulumi from "@pulumi/pulumi";

import { properties } from "../../common/sdk";

export interface PolicyArgs {
  /** The policy as JSON or HuJSON; compared by meaning. One that is empty or allows everything is refused. */
  readonly policy: pulumi.Input<string>;
}

/** The policy of the tailnet. Deleting it leaves the last one in force, because to Headscale none means "allow all". */
export class Policy extends pulumi.CustomResource {
  declare readonly policy: pulumi.Output<string>;

  constructor(name: string, args: PolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super("headscale:index:Policy", name, properties(args), opts);
  }
}
