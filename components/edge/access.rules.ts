/** What an Access application has for one policy. */
export interface AccessRule {
  /** "allow", "deny", "non_identity" or "bypass"; undefined for a policy that is kept elsewhere and cannot be seen. */
  readonly decision: string | undefined;
  /** Whether it includes everyone. */
  readonly everyone: boolean;
}

/** An Access application, as far as it decides who reaches a hostname. */
export interface AccessApplication {
  /** @default "self_hosted", as the Cloudflare API has it */
  readonly type?: string | undefined;
  /** Hostnames with optional path: "demo.example.com", "*.example.com", "demo.example.com/admin". */
  readonly domains: readonly string[];
  readonly rules: readonly AccessRule[];
}

/** The kinds of application that stand in front of a hostname; the others are links, logins elsewhere, or device settings. */
const guarding = new Set(["self_hosted", "ssh", "vnc", "rdp", "mcp"]);

/**
 * Says why a public hostname is not behind Access, or undefined when it is: an application covers the whole of it, has at
 * least one policy, and no application that touches it has a policy that lets everyone in or that cannot be seen.
 */
export function accessProblem(hostname: string, applications: readonly AccessApplication[]): string | undefined {
  return openingProblem(hostname, applications) ?? coverProblem(hostname, applications);
}

/**
 * Says what lets everyone in to a hostname; more applications cannot mend it.
 *
 * "Bypass does not enforce any Access security controls and requests are not logged"
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/), so one bypass opens what the others close.
 */
export function openingProblem(hostname: string, applications: readonly AccessApplication[]): string | undefined {
  const rules = touching(hostname, applications).flatMap((application) => application.rules);
  if (rules.some(isOpen)) return "has an Access policy that lets everyone in";
  if (rules.some(({ decision }) => decision === undefined)) {
    return "has an Access policy that this stack does not hold, so nothing can be said about whom it lets in";
  }
  return undefined;
}

/** Says what is missing before a hostname; more applications could mend it. */
export function coverProblem(hostname: string, applications: readonly AccessApplication[]): string | undefined {
  const covering = touching(hostname, applications).filter(({ domains }) =>
    domains.some((domain) => isWhole(domain) && covers(hostOf(domain), hostname)),
  );
  if (covering.length === 0) return "is covered by no Access application";
  if (covering.every(({ rules }) => rules.length === 0)) return "is covered by an Access application without a policy";
  return undefined;
}

function touching(hostname: string, applications: readonly AccessApplication[]): AccessApplication[] {
  return applications.filter(
    ({ type, domains }) =>
      guarding.has(type ?? "self_hosted") && domains.some((domain) => covers(hostOf(domain), hostname)),
  );
}

/** Whether a policy lets in whoever comes: any bypass, and everyone unless they are denied. */
export function isOpen({ decision, everyone }: AccessRule): boolean {
  return decision === "bypass" || (everyone && decision !== "deny");
}

/** Whether an application's host ("*" stands for characters within one label) covers a hostname of the tunnel. */
function covers(pattern: string, hostname: string): boolean {
  const expression = pattern
    .split("*")
    .map((part) => part.replace(/[.\\+?^${}()|[\]]/g, "\\$&"))
    .join("[^.]*");
  return new RegExp(`^${expression}$`, "i").test(hostname);
}

function hostOf(domain: string): string {
  return domain.split("/")[0] ?? domain;
}

function isWhole(domain: string): boolean {
  return domain.split("/").slice(1).join("/") === "";
}
