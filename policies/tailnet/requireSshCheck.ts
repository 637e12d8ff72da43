import type { ResourceValidationPolicy } from "@pulumi/policy";
import { sshProblems } from "../../components/tailnet/policy.rules";
import { policyTextOf } from "../controlServer";
import { message } from "../message";

/**
 * A session through the tailnet needs no key and no password: so people prove who they are again ("check"), and log in as
 * a user of their own. Machines cannot be asked; for tags "accept" is all that there is.
 *
 * A text that preview does not know yet is left to the SDK's advisory.
 */
export const requireSshCheck: ResourceValidationPolicy = {
  name: "estate-tailnet-require-ssh-check",
  description: "People prove who they are before an SSH session, and nobody starts as root.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Name the login users in the estate's spec: tailnet.ssh.",
  url: "https://tailscale.com/kb/1193/tailscale-ssh",
  validateResource: (args, reportViolation) => {
    const text = policyTextOf(args);
    for (const problem of text === undefined ? [] : sshProblems(text)) {
      reportViolation(
        message({
          what: `The tailnet policy ${args.name} ${problem}`,
          why: "an unlocked laptop would be root on every machine",
          allowed: "action check for people, and login users other than root",
          remedy: "leave root out of tailnet.ssh in the spec, and let the policy be compiled from that",
        }),
      );
    }
  },
};
