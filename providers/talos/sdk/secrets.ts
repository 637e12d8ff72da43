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
  /** The frozen configuration format, for example "1.12". */
  declare readonly contract: pulumi.Output<string>;

  constructor(name: string, args: SecretsArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = withSecretOutputs(opts, "machineSecrets", "clientConfiguration");
    super("talos:index:Secrets", name, properties(args, "machineSecrets", "clientConfiguration", "contract"), secret);
  }
}
