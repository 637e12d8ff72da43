/** Roles of VMs whose disks cannot be made again, and what would be lost with each. */
const rolesWithState: ReadonlyMap<string, string> = new Map([
  ["headscale-hub", "the tailnet's keys, nodes and users, and with them the way in to everything else"],
  ["talos-control-plane", "a member of etcd, with every object of the cluster"],
]);

/** Types of resources that hold state of their own, and what would be lost with each. */
const typesWithState: ReadonlyMap<string, string> = new Map([
  ["talos:index:Secrets", "the cluster's certificate authorities: nobody could join or administer it any more"],
  [
    "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
    "the tunnel's id, to which every public name points",
  ],
  ["cloudflare:index/tunnel:Tunnel", "the tunnel's id, to which every public name points"],
  ["github:index/repository:Repository", "the repository with its history, issues and settings"],
  ["kubernetes:core/v1:PersistentVolumeClaim", "the data in the volume"],
  ["kubernetes:core/v1:PersistentVolume", "the data in the volume"],
  ["kubernetes:apps/v1:StatefulSet", "the application's members and what they have agreed on"],
]);

/**
 * Says what would be lost if a resource were deleted by accident; undefined when it can be made again.
 *
 * @param roles for a VM: its role, or its tags, among which the role is
 */
export function wouldBeLost(type: string, roles: readonly string[] = []): string | undefined {
  return typesWithState.get(type) ?? roles.map((role) => rolesWithState.get(role)).find((loss) => loss !== undefined);
}
