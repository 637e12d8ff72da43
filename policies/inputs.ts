import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";

/**
 * Makes a rule over a stack judge what the program asked for.
 *
 * The engine gives a stack rule the outputs of each resource. At preview these are unknown wherever a provider computes
 * them, missing altogether while the provider's own configuration is unknown, and for components only what they register;
 * so a rule over outputs decides nothing just when it matters. A resource's inputs are shown to the rule one resource at a
 * time, before: they are kept, by URN, and take the place of the outputs. The dependencies stay as they are.
 *
 * The memory lasts as long as the process, and the engine starts one for each run.
 */
export function overInputs(policy: StackValidationPolicy): StackValidationPolicy & ResourceValidationPolicy {
  const inputs = new Map<string, PolicyResource["props"]>();
  const asked = (resource: PolicyResource): PolicyResource => ({
    ...resource,
    props: inputs.get(resource.urn) ?? resource.props,
  });
  return {
    ...policy,
    validateResource: ({ urn, props }) => {
      inputs.set(urn, props);
    },
    validateStack: (args, reportViolation) =>
      policy.validateStack({ ...args, resources: args.resources.map(asked) }, reportViolation),
  };
}
