import { type InputProblem, refuse } from "../../inputProblems";
import { accessProblem } from "../access.rules";
import type { HostAccess, Session } from "./access";

/** A service on the internet, below the edge's domain. */
export interface PublishedHost {
  /** Where cloudflared reaches it, as seen from where cloudflared runs: "http://demo.demo.svc:8080". */
  readonly service: string;
  /** Who is let in. Optional in the shape only: a host without it is refused. */
  readonly access?: HostAccess | undefined;
}

/** One alternative of an Access policy. */
export type Include = { readonly emailDomain: { domain: string } } | { readonly email: { email: string } };

/** What exists for one hostname. */
export interface HostPlan {
  /** The stable key: the host's label. */
  readonly key: string;
  readonly hostname: string;
  readonly service: string;
  /** Domains first, then addresses, each sorted and once: an unsorted list would differ from what Cloudflare reports. */
  readonly includes: readonly Include[];
  /** In Cloudflare's notation: "12h". */
  readonly sessionDuration: string;
}

/** Everything a planned edge is made of, by label. */
export interface PublicEdgePlan {
  readonly tunnelName: string;
  readonly hosts: readonly HostPlan[];
}

/** What decides which resources an edge has. */
export interface PublicEdgeShape {
  readonly org: string;
  readonly domain: string;
  readonly hosts: Readonly<Record<string, PublishedHost>>;
}

const sessions: Readonly<Record<Session, string>> = {
  "1 hours": "1h",
  "8 hours": "8h",
  "12 hours": "12h",
  "24 hours": "24h",
};

/** Domains in which anybody can get an address: letting one in lets everyone in. */
const openDomains = new Set([
  "aol.com",
  "gmail.com",
  "gmx.com",
  "gmx.de",
  "googlemail.com",
  "hotmail.com",
  "icloud.com",
  "live.com",
  "mail.com",
  "msn.com",
  "outlook.com",
  "proton.me",
  "protonmail.com",
  "web.de",
  "yahoo.com",
]);

const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/**
 * Computes what an edge is made of.
 *
 * @param name how messages call it
 * @throws InputPropertiesError with every problem: a label that is no DNS label, a service that is no origin, a host that
 * nobody in particular or everybody may enter
 */
export function planPublicEdge(name: string, { org, domain, hosts }: PublicEdgeShape): PublicEdgePlan {
  const published = Object.entries(hosts).sort(([a], [b]) => (a < b ? -1 : 1));
  refuse(
    `PublicEdge "${name}"`,
    published.flatMap(([key, host]) => problemsOf(key, `${key}.${domain}`, host)),
  );
  return {
    tunnelName: `estate-${org}`,
    hosts: published.map(([key, host]) => ({
      key,
      hostname: `${key}.${domain}`,
      service: host.service,
      includes: includesOf(host.access),
      sessionDuration: sessions[host.access?.session ?? "12 hours"],
    })),
  };
}

function includesOf(access: HostAccess | undefined): Include[] {
  return [
    ...once(access?.emailDomains).map((domain) => ({ emailDomain: { domain } })),
    ...once(access?.emails).map((email) => ({ email: { email } })),
  ];
}

function once(values: readonly string[] | undefined): string[] {
  return [...new Set((values ?? []).map((value) => value.toLowerCase()))].sort();
}

function problemsOf(key: string, hostname: string, host: PublishedHost): InputProblem[] {
  const path = `hosts.${key}`;
  const admitted = host.access?.emailDomains?.flatMap((value, index) => domainProblems(path, value, index)) ?? [];
  return [
    ...labelProblems(path, key),
    ...serviceProblems(`${path}.service`, host.service),
    ...(admitted.length > 0 ? admitted : ruleProblems(`${path}.access`, hostname, host.access)),
    ...(host.access?.emails ?? []).flatMap((value, index) => emailProblems(`${path}.access.emails.${index}`, value)),
  ];
}

/** One label deep, because Cloudflare's own certificate covers *.domain and nothing below it. */
function labelProblems(propertyPath: string, key: string): InputProblem[] {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(key)) return [];
  const reason = `"${key}" is no DNS label; allowed are lower-case letters, digits and inner hyphens, without dots; rename it`;
  return [{ propertyPath, reason }];
}

/** cloudflared forwards the request's own path, so an origin has none; a password in it would end up in the state. */
function serviceProblems(propertyPath: string, service: string): InputProblem[] {
  if (/^https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(service)) return [];
  const reason = `is no origin; allowed is http:// or https:// with host and port only, such as "http://demo.demo.svc:8080"; change it`;
  return [{ propertyPath, reason }];
}

function ruleProblems(propertyPath: string, hostname: string, access: HostAccess | undefined): InputProblem[] {
  const rules = includesOf(access).length === 0 ? [] : [{ decision: "allow", everyone: false }];
  const problem = accessProblem(hostname, [{ domains: [hostname], rules }]);
  if (problem === undefined) return [];
  const reason = `${hostname} ${problem}, so it admits nobody in particular; allowed are emailDomains, emails or both; say who is let in, or do not publish it`;
  return [{ propertyPath, reason }];
}

function domainProblems(path: string, value: string, index: number): InputProblem[] {
  const domain = value.toLowerCase();
  if (domainName.test(domain) && !openDomains.has(domain)) return [];
  const what = openDomains.has(domain)
    ? "would let everyone in, because anybody can get an address there"
    : "is no domain";
  const reason = `"${value}" ${what}; allowed is a domain of your own, such as "example.org"; name it, or list people under emails`;
  return [{ propertyPath: `${path}.access.emailDomains.${index}`, reason }];
}

function emailProblems(propertyPath: string, value: string): InputProblem[] {
  if (/^[^\s@*]+@[^\s@*]+\.[^\s@*]+$/.test(value)) return [];
  return [
    { propertyPath, reason: `"${value}" is no e-mail address; allowed is one such as "you@example.org"; correct it` },
  ];
}
