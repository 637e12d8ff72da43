import type { ResourceValidationPolicy } from "@pulumi/policy";
import { autoApproverProblems } from "../../components/tailnet/policy.rules";
import { policyTextOf } from "../controlServer";
import { message } from "../message";

/**
 * A route that approves itself takes traffic without anybody having looked: it is a private network, no wider than the
 * services of a cluster (/12; /16 in 192.168.0.0/16, /48 of IPv6), and never an exit node.
 *
 * A text that preview does not know yet is left to the SDK's advisory.
 */
export const forbidWideAutoApprovers: ResourceValidationPolicy = {
  name: "estate-tailnet-forbid-wide-auto-approvers",
  description: "Only narrow private networks become routes of a tailnet by themselves.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Advertise the networks behind a machine one by one.",
  url: "https://tailscale.com/kb/1337/policy-syntax#autoapprovers",
  validateResource: (args, reportViolation) => {
    const text = policyTextOf(args);
    for (const problem of text === undefined ? [] : autoApproverProblems(text)) {
      reportViolation(
        message({
          what: `The tailnet policy ${args.name} ${problem}`,
          why: "a machine that is taken over could draw the traffic of all others to itself",
          allowed: "private networks from /12 on (192.168.0.0/16: /16, IPv6: /48), and no exit nodes",
          remedy: "advertise the networks that are really there, or approve the route by hand",
        }),
      );
    }
  },
};
