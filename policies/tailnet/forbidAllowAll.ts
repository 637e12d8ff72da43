import type { ResourceValidationPolicy } from "@pulumi/policy";
import { allowAllProblems } from "../../components/tailnet/policy.rules";
import { message } from "../message";

/** Resource types that hold a tailnet's policy, and the property that is its text. */
const textOf: ReadonlyMap<string, string> = new Map([
  ["headscale:index:Policy", "policy"],
  ["tailscale:index/acl:Acl", "acl"],
]);

/**
 * A tailnet's policy must say who reaches what. A missing, empty or keyless policy allows everything, and so does a rule
 * from everybody to everything; both would join every org, runner and control plane into one flat network.
 *
 * A text that preview does not know yet is left to the SDK's advisory.
 */
export const forbidAllowAll: ResourceValidationPolicy = {
  name: "estate-tailnet-forbid-allow-all",
  description: "A tailnet's policy never lets everybody reach everything.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps: "Declare what machines and apps serve, and to whom, in the estate's spec.",
  url: "https://headscale.net/stable/ref/policy/",
  validateResource: ({ type, name, props }, reportViolation) => {
    const property = textOf.get(type);
    if (property === undefined) return;
    const text: unknown = props[property];
    for (const problem of allowAllProblems(typeof text === "string" ? text : "")) {
      reportViolation(
        message({
          what: `The tailnet policy ${name} ${problem}`,
          why: "one compromised machine would reach every other one, the control planes included",
          allowed: "strict JSON with acls or grants whose rules name their sources and destinations",
          remedy:
            "say in the spec what each machine or app serves and to whom, and let the policy be compiled from that",
        }),
      );
    }
  },
};
