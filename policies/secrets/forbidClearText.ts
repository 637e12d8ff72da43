import type { ResourceValidationPolicy } from "@pulumi/policy";
import { clearTextProblem } from "../clearText";
import { type Leaf, leavesOf, type Path, secretPathsOf, showPath } from "../leaves";
import { message } from "../message";
import { at, text } from "../reading";

/**
 * No secret in clear: neither where it is shown to whoever can read the object (a container's environment or arguments, a
 * ConfigMap, a command line, a VM's description or tags), nor as an unmarked value, which the state keeps unencrypted.
 *
 * Secretness is invisible when a resource is validated, and visible when it is remediated. So the rule's level is
 * `remediate`: the first pass changes nothing and notes which properties are marked, the second judges, and the engine
 * takes what it reports as mandatory. With its level set to `mandatory` by the pack's configuration, or in `pulumi policy
 * analyze`, the first pass does not run, and unmarked values are found by their shape only.
 *
 * Unknown at preview: such a value comes from another resource and is no literal. Where a secret must not be at all
 * (`env.value` of a variable named like one) it is reported all the same; elsewhere it is judged once it is known.
 */
export function createForbidClearText(): ResourceValidationPolicy {
  const marked = new Map<string, ReadonlySet<string>>();
  return {
    name: "estate-secrets-forbid-clear-text",
    description: "No secret stands in clear in what a resource is made from.",
    enforcementLevel: "remediate",
    severity: "critical",
    remediationSteps: "Mark the value as secret, and hand it over by reference.",
    url: "https://www.pulumi.com/docs/iac/concepts/secrets/",
    remediateResource: ({ urn, props }) => {
      marked.set(urn, new Set(secretPathsOf(props).map(showPath)));
    },
    validateResource: ({ type, name, urn, props }, reportViolation) => {
      const secret = marked.get(urn);
      marked.delete(urn);
      for (const leaf of leavesOf(props)) {
        const problem = clearTextProblem(type, leaf, {
          secret: secret === undefined ? undefined : isMarked(leaf.path, secret),
          variable: variableOf(leaf, props),
        });
        if (problem !== undefined) reportViolation(violation(`${name} (${type})`, leaf, problem));
      }
    },
  };
}

/** The rule, with its memory of this run: the engine starts a process of its own for each run. */
export const forbidClearText = createForbidClearText();

function violation(resource: string, { path }: Leaf, problem: string): string {
  return message({
    what: `${resource} ${problem}, at ${showPath(path)}`,
    why: "whoever can read the state, the object, or a log of it has the secret",
    allowed: "values marked secret, in places made for them; variables by valueFrom, programs by stdin or files",
    remedy:
      "take it from the stack's secret configuration or a provider's secret output, hand it over by reference, and make a new one: this one is out",
  });
}

/** A mark covers everything below it. */
function isMarked(path: Path, marked: ReadonlySet<string>): boolean {
  return path.some((_, index) => marked.has(showPath(path.slice(0, index + 1))));
}

/** The name of the environment variable whose value a text is: the sibling of ...env[1].value */
function variableOf({ path }: Leaf, props: unknown): string | undefined {
  if (path.at(-1) !== "value" || path.at(-3) !== "env") return undefined;
  return text(at(props, ...path.slice(0, -1), "name"));
}
