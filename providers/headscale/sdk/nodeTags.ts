import * as pulumi from "@pulumi/pulumi";

import { properties } from "../../common/sdk";

export interface NodeTagsArgs {
  /** Name by which MagicDNS knows the node. It may join later. */
  readonly node: pulumi.Input<string>;
  /** At least one. */
  readonly tags: pulumi.Input<pulumi.Input<string>[]>;
}

/** The tags of a node. Deleting leaves them: a tagged node cannot be untagged. */
export class NodeTags extends pulumi.CustomResource {
  declare readonly node: pulumi.Output<string>;
  declare readonly tags: pulumi.Output<string[]>;

  constructor(name: string, args: NodeTagsArgs, opts?: pulumi.CustomResourceOptions) {
    super("headscale:index:NodeTags", name, properties(args), opts);
  }
}
