import { joins, sorted, sortedEntries, type Topology } from "./topology";

/** Names inside a tailnet. */
export interface Names {
  /** Ends every machine's own name. */
  readonly baseDomain: string;
  /** Every name by which a machine can be called, to the machine; its short name is not among them. */
  readonly machines: Readonly<Record<string, string>>;
  /** Name servers by domain (split DNS), those of the further names included. */
  readonly split: Readonly<Record<string, readonly string[]>>;
  /** Configuration of the machine that answers for further names; undefined when there are none. */
  readonly resolver: { readonly on: string; readonly corefile: string } | undefined;
}

/**
 * Plans the names of a tailnet. MagicDNS gives every machine that joins NAME.<baseDomain>. Further names are answered by the
 * resolver, because no control server knows a machine's address before it has joined, and Tailscale holds no records at all:
 * queries for their domains go to the resolver (split DNS), which asks MagicDNS for the machine's own name.
 *
 * A name that ends with .local belongs to multicast DNS (RFC 6762, section 3). Split DNS takes it over where the operating
 * system lets it: systemd-resolved does, for a domain that is named (systemd-resolved.service(8)); how Windows and macOS
 * choose between the two differs by version, and printers and the like found by .local may no longer be.
 */
export function planNames(topology: Topology): Names {
  const { baseDomain, dns } = topology.tailnet;
  const own = sortedEntries(topology.machines)
    .filter(([name, machine]) => joins(topology, name, machine))
    .map(([name]): [string, string] => [`${name}.${baseDomain}`, name]);
  const further = sortedEntries(dns.names);
  const { resolver } = dns;
  const answered = resolver === undefined ? [] : sorted(further.map(([name]) => domainOf(name)));
  return {
    baseDomain,
    machines: Object.fromEntries([...own, ...further]),
    split: Object.fromEntries(
      sortedEntries({
        ...Object.fromEntries(answered.map((domain) => [domain, [resolver?.address ?? ""]])),
        ...dns.split,
      }),
    ),
    resolver:
      resolver === undefined || further.length === 0
        ? undefined
        : { on: resolver.on, corefile: corefile(answered, further, baseDomain, resolver.address) },
  };
}

function domainOf(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}

/**
 * CoreDNS on the resolver (https://coredns.io/plugins/rewrite): each further name is asked of MagicDNS, at its fixed address
 * (https://tailscale.com/kb/1381/what-is-quad100), under the machine's own name, and the answer comes back
 * under the name that was asked for; any other name in those domains is not there.
 */
function corefile(
  domains: readonly string[],
  names: readonly (readonly [string, string])[],
  baseDomain: string,
  address: string,
): string {
  const whole = names.map(([name]) => `${name}.`).join(" ");
  return [
    `${whole} {`,
    // On the tailnet only: the policy says who may ask.
    `  bind ${address}`,
    ...names.map(([name, machine]) => `  rewrite name exact ${name}. ${machine}.${baseDomain}.`),
    "  forward . 100.100.100.100",
    "}",
    ...domains.flatMap((domain) => [
      `${domain}. {`,
      `  bind ${address}`,
      "  template ANY ANY {",
      "    rcode NXDOMAIN",
      "  }",
      "}",
    ]),
    "",
  ].join("\n");
}
