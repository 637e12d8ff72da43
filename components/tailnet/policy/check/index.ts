import type { Policy, Server } from "../model";
import type { PolicyProblem } from "../problems";
import { checkAttrs } from "./attrs";
import type { Check } from "./context";
import { checkDefinitions } from "./definitions";
import { checkRules } from "./rules";
import { checkSsh } from "./ssh";
import { checkTests } from "./tests";

/**
 * What a server would refuse in a policy that has the right form: names that are not defined, autogroups and aliases out
 * of place, ports and protocols that are none, combinations that cannot be.
 *
 * @param server whose rules hold. @default "headscale"
 */
export function checkPolicy(policy: Policy, server: Server = "headscale"): PolicyProblem[] {
  const check: Check = { policy, server, problems: [] };
  checkDefinitions(check);
  checkRules(check);
  checkSsh(check);
  checkAttrs(check);
  checkTests(check);
  return check.problems;
}
