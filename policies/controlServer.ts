import type { ResourceValidationArgs } from "@pulumi/policy";

/** Resource types that hold a tailnet's policy, and the property that is its text. */
const textOf: ReadonlyMap<string, string> = new Map([
  ["headscale:index:Policy", "policy"],
  ["tailscale:index/acl:Acl", "acl"],
]);

/**
 * The text of a tailnet's policy; "" when there is none, undefined for other resources.
 *
 * @throws UnknownValueError when preview does not know it yet, which the SDK turns into its advisory
 */
export function policyTextOf({ type, props }: Pick<ResourceValidationArgs, "type" | "props">): string | undefined {
  const property = textOf.get(type);
  if (property === undefined) return undefined;
  const text: unknown = props[property];
  return typeof text === "string" ? text : "";
}
