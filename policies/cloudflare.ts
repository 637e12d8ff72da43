import type { PolicyResource } from "@pulumi/policy";
import { at, listAt, text, type Undecided, Unknown } from "./reading";

/** Type tokens of @pulumi/cloudflare 6; each thing has a deprecated name that still works. */
const types = {
  application: [
    "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
    "cloudflare:index/accessApplication:AccessApplication",
  ],
  policy: [
    "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
    "cloudflare:index/accessPolicy:AccessPolicy",
  ],
  tunnel: ["cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared", "cloudflare:index/tunnel:Tunnel"],
  tunnelConfig: [
    "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
    "cloudflare:index/tunnelConfig:TunnelConfig",
  ],
  record: ["cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/record:Record"],
} as const;

/** The resources of one kind, under either name. */
export function ofKind(resources: readonly PolicyResource[], kind: keyof typeof types): PolicyResource[] {
  const names: readonly string[] = types[kind];
  return resources.filter(({ type }) => names.includes(type));
}

/** One rule of a tunnel's ingress; a rule without hostname answers for every hostname that no rule before it names. */
export interface Ingress {
  readonly hostname: string | undefined;
  readonly service: string;
}

/** What a tunnel publishes. */
export function ingressesOf(tunnelConfig: PolicyResource, undecided: Undecided): Ingress[] {
  return listAt(tunnelConfig.props, "config", "ingresses").flatMap((ingress) => {
    const hostname = ingress instanceof Unknown ? ingress : at(ingress, "hostname");
    if (hostname instanceof Unknown) {
      undecided.add(hostname);
      return [];
    }
    const service = at(ingress, "service");
    return [{ hostname: text(hostname), service: text(service) ?? "" }];
  });
}

/**
 * Whether a DNS record that Cloudflare does not proxy leads to a tunnel: by name, when the tunnel publishes that name, or by
 * content. A new tunnel's id is unknown at preview; the record's dependencies then say which resource it points at.
 */
export function leadsPast(
  record: PolicyResource,
  published: ReadonlySet<string>,
  tunnels: readonly PolicyResource[],
): boolean | Unknown {
  const [type, proxied, name, content] = ["type", "proxied", "name", "content"].map((key) => at(record.props, key));
  if (proxied === true || (type !== undefined && !addressTypes.has(type))) return false;
  const targets = record.propertyDependencies["content"] ?? [];
  const leads =
    published.has(text(name)?.toLowerCase() ?? "") ||
    text(content)?.endsWith(".cfargotunnel.com") === true ||
    targets.some((target) => tunnels.some(({ urn }) => urn === target.urn));
  if (leads) return proxied instanceof Unknown ? proxied : true;
  return name instanceof Unknown ? name : false;
}

const addressTypes = new Set<unknown>(["A", "AAAA", "CNAME"]);
