import { durationToMilliseconds } from "../../../providers/common/duration";
import type { Names } from "../names.plan";
import type { KeyPlan } from "../tailnet.plan";
import type { Topology } from "../topology";

/** Inputs of a key: https://tailscale.com/kb/1085/auth-keys */
export function keyOf(name: string, { tags, reusable, ephemeral, expiry }: KeyPlan) {
  return {
    tags: [...tags],
    reusable,
    ephemeral,
    // The tailnet asks for approval of new devices; whoever has a key of ours has it.
    preauthorized: true,
    expiry: durationToMilliseconds(expiry) / 1000,
    // At most 50 letters, digits, hyphens and spaces.
    description: `${ephemeral ? "runners" : "join"} ${name}`.slice(0, 50),
    // A key for one machine ends by being used, which must not make another one. Runners need one at any time.
    recreateIfInvalid: reusable ? "always" : "never",
  };
}

/** Inputs of the tailnet's settings: https://tailscale.com/api#tag/tailnetsettings */
export function settingsOf({ tailnet }: Topology) {
  return {
    // Otherwise a change made in the admin console would hold until the next `up`, which would take it back unseen.
    aclsExternallyManagedOn: true,
    devicesApprovalOn: true,
    // People's devices prove themselves again twice a year; tagged machines are exempt.
    devicesKeyDurationDays: 180,
    httpsEnabled: tailnet.certificates,
  };
}

/** Inputs of the tailnet's DNS: https://tailscale.com/kb/1054/dns */
export function dnsOf({ tailnet: { dns } }: Topology, names: Names) {
  const servers = (addresses: readonly string[]) => addresses.map((address) => ({ address }));
  return {
    magicDns: true,
    searchPaths: [...dns.search],
    nameservers: servers(dns.nameservers),
    // Declared name servers are meant; without any, every device keeps its own.
    overrideLocalDns: dns.nameservers.length > 0,
    splitDns: Object.entries(names.split).map(([domain, addresses]) => ({ domain, nameservers: servers(addresses) })),
  };
}
