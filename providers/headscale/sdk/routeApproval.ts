import * as pulumi from "@pulumi/pulumi";

import { properties } from "../../common/sdk";

export interface RouteApprovalArgs {
  /** Name by which MagicDNS knows the node. It may join later: then the policy's autoApprovers approve its routes. */
  readonly node: pulumi.Input<string>;
  /** Prefixes, for example "10.42.0.0/24". "0.0.0.0/0" and "::/0" come together (exit node). */
  readonly routes: pulumi.Input<pulumi.Input<string>[]>;
}

/** The routes a node may serve. Deleting takes the approval back. */
export class RouteApproval extends pulumi.CustomResource {
  declare readonly node: pulumi.Output<string>;
  declare readonly routes: pulumi.Output<string[]>;

  constructor(name: string, args: RouteApprovalArgs, opts?: pulumi.CustomResourceOptions) {
    super("headscale:index:RouteApproval", name, properties(args), opts);
  }
}
