import * as pulumi from "@pulumi/pulumi";

/** Options that keep the named outputs secret from the first preview on, whatever the provider says later. */
export function withSecretOutputs(
  opts: pulumi.CustomResourceOptions | undefined,
  ...names: string[]
): pulumi.CustomResourceOptions {
  return pulumi.mergeOptions(opts, { additionalSecretOutputs: names });
}

/** The inputs of a resource, and a place for every property that only its provider knows: the SDK makes no output without. */
export function properties(args: object, ...computed: string[]): pulumi.Inputs {
  return { ...Object.fromEntries(computed.map((name) => [name, undefined])), ...args };
}
