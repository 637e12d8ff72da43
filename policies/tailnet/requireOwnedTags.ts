import type { ResourceValidationPolicy } from "@pulumi/policy";
import { tagOwnerProblems } from "../../components/tailnet/policy.rules";
import { policyTextOf } from "../controlServer";
import { message } from "../message";

/**
 * A tag is what a machine may do, so whoever gives tags gives rights: every tag that a policy uses has an owner, and none is
 * everybody's.
 *
 * A text that preview does not know yet is left to the SDK's advisory.
 */
export const requireOwnedTags: ResourceValidationPolicy = {
  name: "estate-tailnet-require-owned-tags",
  description: "Every tag of a tailnet has an owner, and not everybody.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Name an owner for each tag in the estate's spec: tailnet.tags.",
  url: "https://tailscale.com/kb/1068/tags",
  validateResource: (args, reportViolation) => {
    const text = policyTextOf(args);
    for (const problem of text === undefined ? [] : tagOwnerProblems(text)) {
      reportViolation(
        message({
          what: `The tailnet policy ${args.name} ${problem}`,
          why: "whoever can give a tag can do what machines with that tag may do",
          allowed: "tags in tagOwners, each given by people, groups or tags that are named",
          remedy: "say in the spec who may give the tag: tailnet.tags.NAME.owners",
        }),
      );
    }
  },
};
