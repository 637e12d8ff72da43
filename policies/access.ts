import type { PolicyResource } from "@pulumi/policy";
import type { AccessApplication, AccessRule } from "../components/edge/access.rules";
import { at, isRecord, listAt, text, Unknown } from "./reading";

/** An Access application with what preview does not know of it. */
export interface ReadApplication extends AccessApplication {
  readonly unknowns: readonly Unknown[];
}

/**
 * Reads an Access application and its policies. They are written in place, or named by id; whose id it is cannot be seen
 * while the policy is new, so ids are followed through the engine's record of what the property depends on. An id beyond
 * those of the policies that it depends on is that of a policy kept elsewhere.
 */
export function readApplication(application: PolicyResource, policies: readonly PolicyResource[]): ReadApplication {
  const { props } = application;
  const read = [
    at(props, "domain"),
    ...listAt(props, "selfHostedDomains"),
    ...listAt(props, "destinations").map((item) => (item instanceof Unknown ? item : at(item, "uri"))),
  ];
  const type = at(props, "type");
  const entries = listAt(props, "policies");
  const inPlace = entries.filter((entry) => !isNamed(entry)).map(readRule);
  const rules = [...inPlace, ...followed(entries.filter(isNamed), application, policies)];
  return {
    type: text(type),
    domains: read.flatMap((domain) => text(domain) ?? []),
    rules: rules.flatMap((rule) => (rule instanceof Unknown ? [] : [rule])),
    unknowns: [type, ...read, ...rules].filter((item) => item instanceof Unknown),
  };
}

function isNamed(entry: unknown): boolean {
  if (entry instanceof Unknown) return true;
  const id = at(entry, "id");
  return (id instanceof Unknown || text(id) !== undefined) && text(at(entry, "decision")) === undefined;
}

function followed(
  named: readonly unknown[],
  application: PolicyResource,
  policies: readonly PolicyResource[],
): (AccessRule | Unknown)[] {
  if (named.length === 0) return [];
  const dependencies = application.propertyDependencies["policies"] ?? [];
  const found = policies.filter(({ urn }) => dependencies.some((dependency) => dependency.urn === urn));
  const rules = found.map(({ props }) => readRule(props));
  const whole = named.find((entry) => entry instanceof Unknown);
  if (whole instanceof Unknown) return found.length > 0 ? rules : [whole];
  const beyond = named.slice(found.length).map((entry) => at(entry, "id"));
  return [...rules, ...beyond.map((id) => (id instanceof Unknown ? id : { decision: undefined, everyone: false }))];
}

function readRule(policy: unknown): AccessRule | Unknown {
  const decision = at(policy, "decision");
  if (decision instanceof Unknown) return decision;
  const includes = listAt(policy, "includes");
  const everyone = includes.map((include) => (include instanceof Unknown ? include : at(include, "everyone")));
  if (everyone.some((item) => isRecord(item) && !(item instanceof Unknown))) {
    return { decision: text(decision), everyone: true };
  }
  return everyone.find((item) => item instanceof Unknown) ?? { decision: text(decision), everyone: false };
}
