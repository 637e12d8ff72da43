import type * as pulumi from "@pulumi/pulumi";
import type { Names } from "./names.plan";

/**
 * A tailnet, whichever control server it is on: what the rest of an estate needs to know of it. HeadscaleTailnet and
 * TailscaleTailnet are the two that there are; the spec's `tailnet.control` decides which.
 */
export interface Tailnet extends pulumi.ComponentResource {
  /** Where nodes join. */
  readonly loginServer: pulumi.Output<string>;
  /** Secret; by machine. Every machine but the hub, and gateways that the tailnet has no business with. */
  readonly joinKeys: Readonly<Record<string, pulumi.Output<string>>>;
  /** Secret; by repository that has runners. */
  readonly runnerKeys: Readonly<Record<string, pulumi.Output<string>>>;
  /** Who has joined, as the control server says at each run: addresses in the tailnet, by machine with a join key. */
  readonly joined: pulumi.Output<Readonly<Record<string, string>>>;
  /** The policy in force, JSON. */
  readonly policy: pulumi.Output<string>;
  /** Names inside the tailnet, and who answers for them. */
  readonly names: Names;
  /** Networks approved without a click, by the machine that routes them. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
}
