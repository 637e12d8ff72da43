import { retry, type Patience } from "../../common/retry";
import { talosconfigText, type ClientConfiguration } from "../talosconfig";

import { SecretFolder } from "./secretFiles";
import { isUnreachable, TalosctlError, type Talosctl } from "./talosctl";

/** A node, and the way in as an administrator. */
export interface Access {
  readonly clusterName: string;
  readonly node: string;
  /** Where the API is asked for: the node itself, or one that passes the question on. */
  readonly endpoint: string;
  readonly clientConfiguration: ClientConfiguration;
}

/** Asks nodes through talosctl, each time with a talosconfig of its own that is gone afterwards. */
export class Nodes {
  constructor(
    readonly talosctl: Talosctl,
    /** For nodes that are booting. */
    private readonly patience: Patience,
  ) {}

  /**
   * @param doing what the command is for, for messages
   * @param limit milliseconds, for what takes longer than an answer
   * @throws TalosctlError
   */
  run(at: Access, doing: string, args: readonly string[], limit?: number): Promise<string> {
    return SecretFolder.during(async (folder) => {
      const text = talosconfigText(at.clusterName, at.clientConfiguration, [at.endpoint], [at.node]);
      const file = await folder.write("talosconfig", text);
      const access = ["--talosconfig", file, "--nodes", at.node, "--endpoints", at.endpoint];
      return this.talosctl.run(doing, [...args, ...access], limit);
    });
  }

  /** Does it again while the node does not get the question, within the patience. */
  patiently<T>(work: () => Promise<T>): Promise<T> {
    return retry(this.patience, (error) => error instanceof TalosctlError && isUnreachable(error.said), work);
  }
}
