import type { PolicyResource, ReportViolation } from "@pulumi/policy";
import { coverProblem, openingProblem } from "../../components/edge/access.rules";
import { readApplication } from "../access";
import { type Ingress, ingressesOf, leadsPast, ofKind } from "../cloudflare";
import { overInputs } from "../inputs";
import { message } from "../message";
import { Undecided } from "../reading";

const why = "whoever finds the name reaches the service from the internet without signing in";

/**
 * Every hostname that a Cloudflare tunnel publishes is behind an Access application whose policies let in named people
 * only, and no DNS record leads to it past Cloudflare's proxy.
 *
 * Unknown at preview: a policy that is new, whose id is unknown, is followed through the engine's dependencies. While a
 * domain or policy stays unknown, only what it cannot change is reported, and the SDK's advisory says that there is more.
 * Absent: a tunnel configuration without ingress publishes nothing and passes.
 */
export const requireAccess = overInputs({
  name: "estate-edge-require-access",
  description: "Every public hostname is behind Cloudflare Access.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps: "Say in the spec who may reach the service: public.access.emailDomains.",
  url: "https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/",
  validateStack: ({ resources }, reportViolation) => {
    const undecided = new Undecided();
    const published = ofKind(resources, "tunnelConfig").flatMap((tunnel) =>
      ingressesOf(tunnel, undecided).map((ingress) => ({ ...ingress, tunnel })),
    );
    for (const ingress of published) {
      const what = problemOf(ingress, resources, undecided);
      if (what !== undefined) reportViolation(violation(ingress, what), ingress.tunnel.urn);
    }
    reportUnproxied(published, resources, undecided, reportViolation);
    undecided.settle();
  },
});

function problemOf(ingress: Ingress, resources: readonly PolicyResource[], undecided: Undecided): string | undefined {
  if (ingress.hostname === undefined) {
    return ingress.service.startsWith("http_status:")
      ? undefined
      : "answers for every hostname with a service of its own";
  }
  const policies = ofKind(resources, "policy");
  const applications = ofKind(resources, "application").map((item) => readApplication(item, policies));
  const opening = openingProblem(ingress.hostname, applications);
  if (opening !== undefined) return opening;
  const unknown = applications.flatMap(({ unknowns }) => unknowns);
  for (const item of unknown) undecided.add(item);
  return unknown.length > 0 ? undefined : coverProblem(ingress.hostname, applications);
}

function violation({ hostname, tunnel }: Ingress & { readonly tunnel: PolicyResource }, problem: string): string {
  const what = hostname === undefined ? "A rule without hostname" : `The public hostname ${hostname}`;
  return message({
    what: `${what} of the tunnel configuration ${tunnel.name} ${problem}`,
    why,
    allowed:
      "an Access application for the whole hostname with policies for named people, none of them bypass or everyone",
    remedy:
      hostname === undefined
        ? "give the rule its hostname, and end the list with http_status:404"
        : "say in the spec who may reach the service (public.access), or do not publish it",
  });
}

function reportUnproxied(
  published: readonly Ingress[],
  resources: readonly PolicyResource[],
  undecided: Undecided,
  reportViolation: ReportViolation,
): void {
  const hostnames = new Set(published.flatMap(({ hostname }) => hostname?.toLowerCase() ?? []));
  for (const record of ofKind(resources, "record")) {
    const past = leadsPast(record, hostnames, ofKind(resources, "tunnel"));
    undecided.add(past);
    if (past !== true) continue;
    reportViolation(
      message({
        what: `The DNS record ${record.name} leads to a published hostname and is not proxied`,
        why: "requests that do not pass Cloudflare's proxy are not checked by Access",
        allowed: "proxied records only, for hostnames that a tunnel publishes",
        remedy: "set proxied to true, or remove the record",
      }),
      record.urn,
    );
  }
}
