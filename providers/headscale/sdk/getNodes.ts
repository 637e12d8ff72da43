import * as pulumi from "@pulumi/pulumi";

export interface GetNodesArgs {
  /** Only machines of the user of this name. @default all */
  readonly user?: string;
  /** Only machines with this tag, for example "tag:ci". @default all */
  readonly tag?: string;
}

/** As `GetNodesArgs`, where values may come from resources. */
export interface GetNodesOutputArgs {
  readonly user?: pulumi.Input<string>;
  readonly tag?: pulumi.Input<string>;
}

/** A machine that has joined the tailnet. */
export interface TailnetNode {
  readonly id: string;
  /** Name by which MagicDNS knows it. */
  readonly name: string;
  /** What it calls itself. */
  readonly hostname: string;
  /** Name of its user; absent when it has tags, because then it belongs to nobody. */
  readonly user?: string;
  readonly tags: readonly string[];
  /** Its addresses in the tailnet, IPv4 first. */
  readonly addresses: readonly string[];
  /** The prefixes it may serve. */
  readonly approvedRoutes: readonly string[];
  /** The prefixes it offers. */
  readonly availableRoutes: readonly string[];
  readonly online: boolean;
  /** ISO 8601; absent when it never was online. */
  readonly lastSeen?: string;
  /** When it must log in again, ISO 8601; absent when never. */
  readonly expiry?: string;
  /** Whether it is forgotten when it goes offline. */
  readonly ephemeral: boolean;
}

export interface GetNodesResult {
  /** In the order of their ids. */
  readonly nodes: readonly TailnetNode[];
}

/**
 * The machines that have joined, as the server knows them now; no `nodes` in a preview in which the provider's own
 * configuration is not known yet. It is for reports and checks: what a program makes of machines that happen to be there
 * differs from run to run.
 *
 * @throws when the server cannot be reached, or refuses
 */
export function getNodes(args: GetNodesArgs = {}, opts?: pulumi.InvokeOptions): Promise<Partial<GetNodesResult>> {
  return pulumi.runtime.invoke("headscale:index:getNodes", { ...args }, opts);
}

/** As `getNodes`, and waits for the resources its arguments come from; unknown as long as the provider's configuration is. */
export function getNodesOutput(
  args: GetNodesOutputArgs = {},
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetNodesResult> {
  const answer: pulumi.Output<Partial<GetNodesResult>> = pulumi.runtime.invokeOutput(
    "headscale:index:getNodes",
    { ...args },
    opts,
  );
  // The engine answers for a provider that is not configured yet, with nothing.
  return answer.apply(({ nodes }): GetNodesResult => (nodes === undefined ? notYet() : { nodes }));
}

function notYet(): GetNodesResult {
  const standIn: unknown = pulumi.unknown;
  if (takesAnyPlace(standIn)) return standIn;
  throw new Error("Pulumi has no stand-in for what is not known yet");
}

/** What Pulumi puts in the place of a value that is not known yet, whatever its type: nobody gets to look at it. */
function takesAnyPlace(value: unknown): value is GetNodesResult {
  return pulumi.isUnknown(value);
}
