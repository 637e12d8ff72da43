import ipaddr from "ipaddr.js";
import type { InputProblem } from "../../inputProblems";

/** A name that the tailnet answers by itself. */
export interface ExtraRecord {
  /** Whole name: grafana.example.org */
  readonly name: string;
  /** Tailscale answers these two only: https://headscale.net/stable/ref/dns/ */
  readonly type: "A" | "AAAA";
  readonly value: string;
}

/** Names and resolvers of a tailnet beyond MagicDNS. */
export interface HubDns {
  /**
   * Names that the tailnet answers by itself. A change takes effect without a restart.
   * @default none
   */
  readonly extraRecords?: readonly ExtraRecord[] | undefined;
  /**
   * Resolvers (IP addresses, or URLs of DNS over HTTPS) that every machine uses in place of its own.
   * @default none: machines keep their own resolvers
   */
  readonly nameservers?: readonly string[] | undefined;
  /**
   * Resolvers of single domains (split DNS).
   * @default none
   */
  readonly split?: Readonly<Record<string, readonly string[]>> | undefined;
  /**
   * Domains that are tried behind the base domain.
   * @default none
   */
  readonly searchDomains?: readonly string[] | undefined;
}

export const extraRecordsFile = "/etc/headscale/extra-records.json";

/**
 * The keys of `dns` in config.yaml. Records are in a file of their own, which Headscale watches: those in config.yaml
 * would need a restart (https://headscale.net/stable/ref/dns/). The file must be there even when it is empty.
 */
export function dnsConfig({ nameservers = [], split = {}, searchDomains = [] }: HubDns = {}) {
  return {
    // Without resolvers of the tailnet's own, machines keep theirs: the hub's absence must not take their DNS away.
    override_local_dns: nameservers.length > 0,
    nameservers: { global: nameservers, split },
    search_domains: searchDomains,
    extra_records_path: extraRecordsFile,
  };
}

/** Content of the file of extra records: sorted, because Headscale notices a change by the file's checksum. */
export function extraRecordsText({ extraRecords = [] }: HubDns = {}): string {
  const lines = extraRecords.map(({ name, type, value }) => JSON.stringify({ name, type, value })).sort();
  return lines.length === 0 ? "[]\n" : `[\n  ${lines.join(",\n  ")}\n]\n`;
}

/** Headscale takes what it does not understand without a word, and then answers nothing for it. */
export function dnsProblems({ extraRecords = [], nameservers = [], split = {}, searchDomains = [] }: HubDns = {}) {
  return [
    ...extraRecords.flatMap(recordProblems),
    ...nameservers.flatMap((resolver, index) => resolverProblems(`dns.nameservers.${index}`, resolver)),
    ...Object.entries(split).flatMap(([domain, resolvers]) => splitProblems(domain, resolvers)),
    ...searchDomains.flatMap((domain, index) => nameProblems(`dns.searchDomains.${index}`, domain)),
  ];
}

function recordProblems({ name, type, value }: ExtraRecord, index: number): InputProblem[] {
  const path = `dns.extraRecords.${index}`;
  const isAddress = type === "A" ? ipaddr.IPv4.isValidFourPartDecimal(value) : ipaddr.IPv6.isValid(value);
  const kind = type === "A" ? "an IPv4 address" : "an IPv6 address";
  return [
    ...nameProblems(`${path}.name`, name),
    ...(isAddress
      ? []
      : [{ propertyPath: `${path}.value`, reason: `"${value}" is not ${kind}, which type ${type} needs; correct it` }]),
  ];
}

function splitProblems(domain: string, resolvers: readonly string[]): InputProblem[] {
  const path = `dns.split.${domain}`;
  return [
    ...nameProblems(path, domain),
    ...(resolvers.length === 0 ? [{ propertyPath: path, reason: "has no resolver; name one, or leave it out" }] : []),
    ...resolvers.flatMap((resolver, index) => resolverProblems(`${path}.${index}`, resolver)),
  ];
}

function resolverProblems(propertyPath: string, resolver: string): InputProblem[] {
  const isUrl = URL.canParse(resolver) && new URL(resolver).protocol === "https:";
  if (ipaddr.isValid(resolver) || isUrl) return [];
  return [
    { propertyPath, reason: `"${resolver}" is no resolver; allowed: an IP address, or https://... (DNS over HTTPS)` },
  ];
}

const nameForm = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function nameProblems(propertyPath: string, name: string): InputProblem[] {
  if (nameForm.test(name)) return [];
  return [{ propertyPath, reason: `"${name}" is no DNS name; allowed: lower case, without a dot at the end` }];
}
