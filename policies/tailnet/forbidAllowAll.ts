import type { ResourceValidationPolicy } from "@pulumi/policy";
import { allowAllProblems } from "../../components/tailnet/policy.rules";
import { policyTextOf } from "../controlServer";
import { message } from "../message";

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
  validateResource: (args, reportViolation) => {
    const text = policyTextOf(args);
    if (text === undefined) return;
    for (const problem of allowAllProblems(text)) {
      reportViolation(
        message({
          what: `The tailnet policy ${args.name} ${problem}`,
          why: "one compromised machine would reach every other one, the control planes included",
          allowed: "acls or grants whose rules name their sources and destinations",
          remedy:
            "say in the spec what each machine or app serves and to whom, and let the policy be compiled from that",
        }),
      );
    }
  },
};
