import * as pulumi from "@pulumi/pulumi";

import { properties, withSecretOutputs } from "../../common/sdk";
import type { ClientConfiguration } from "../talosconfig";

export interface SecretsArgs {
  /** Talos version the cluster begins with; its minor is the configuration format the cluster keeps for life. */
  readonly talosVersion: pulumi.Input<string>;
}

/** The secrets of a cluster. Protect it: without them nobody can join or administer the cluster any more. */
export class Secrets extends pulumi.CustomResource {
  /** YAML, as `talosctl gen secrets` writes it; secret. */
  declare readonly machineSecrets: pulumi.Output<string>;
  /** A client's way in; secret. */
  declare readonly clientConfiguration: pulumi.Output<ClientConfiguration>;
  /** When that client is no longer let in, RFC 3339; undefined in a simulated world. */
  declare readonly clientExpires: pulumi.Output<string | undefined>;
  /** The frozen configuration format, for example "1.12". */
  declare readonly contract: pulumi.Output<string>;

  constructor(name: string, args: SecretsArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = withSecretOutputs(opts, "machineSecrets", "clientConfiguration");
    const computed = ["machineSecrets", "clientConfiguration", "clientExpires", "contract"];
    super("talos:index:Secrets", name, properties(args, ...computed), secret);
  }
}
