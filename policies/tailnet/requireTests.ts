import type { ResourceValidationPolicy } from "@pulumi/policy";
import { testProblems } from "../../components/tailnet/policy.rules";
import { policyTextOf } from "../controlServer";
import { message } from "../message";

/**
 * A policy on Tailscale carries tests, for what must get through and for what must not: whoever changes it later, and
 * wherever, is refused when they break. A Headscale refuses tests about tags that no node carries yet, so none are asked of
 * it; the estate runs the same tests itself before it sets the policy.
 *
 * A text that preview does not know yet is left to the SDK's advisory.
 */
export const requireTests: ResourceValidationPolicy = {
  name: "estate-tailnet-require-tests",
  description: "A policy on Tailscale has tests for what it allows and for what it denies.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Let the policy be compiled from the estate's spec, which writes its tests too.",
  url: "https://tailscale.com/kb/1337/policy-syntax#tests",
  validateResource: (args, reportViolation) => {
    const text = args.type === "tailscale:index/acl:Acl" ? policyTextOf(args) : undefined;
    for (const problem of text === undefined ? [] : testProblems(text)) {
      reportViolation(
        message({
          what: `The tailnet policy ${args.name} ${problem}`,
          why: "a later change could open or close what nobody looked at, and be taken all the same",
          allowed: "tests with accept and with deny",
          remedy: "let the policy be compiled from the spec, which writes its tests too",
        }),
      );
    }
  },
};
