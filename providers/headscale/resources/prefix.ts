import ipaddr from "ipaddr.js";

/**
 * A prefix as Go's net/netip prints it, without bits of a host; undefined when the text is no prefix. Clients offer only such
 * routes, and the server compares them as they are written (hscontrol/grpcv1.go, SetApprovedRoutes, 0.29.1).
 */
export function canonicalPrefix(text: string): string | undefined {
  try {
    const [address, length] = ipaddr.parseCIDR(text);
    if (address.kind() === "ipv4") return `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${length}`;
    return `${ipaddr.IPv6.networkAddressFromCIDR(text).toRFC5952String()}/${length}`;
  } catch {
    return undefined;
  }
}
