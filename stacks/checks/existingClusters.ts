import { type Estate, type ExistingClusterSpec, existingClustersOf, hubOf, kubeconfigSecret } from "../estate";
import { type Problem, quote } from "../problems";

/** The kubeconfig of a cluster that exists is its own, and what only the cluster knows is said where it is needed. */
export function checkExistingClusters(estate: Estate): Problem[] {
  return [
    ...sharedKubeconfigs(estate),
    ...existingClustersOf(estate).flatMap(([name, cluster]) => [
      ...unreachedServices(estate, name, cluster),
      ...hubAsRouter(estate, name, cluster),
    ]),
  ];
}

/** Names of secrets have no hyphens: a-1 and a1 would have one secret. */
function sharedKubeconfigs(estate: Estate): Problem[] {
  const names = existingClustersOf(estate).map(([name]) => name);
  return names.flatMap((name, index) => {
    const secret = kubeconfigSecret(name);
    const other = names.slice(0, index).find((earlier) => kubeconfigSecret(earlier) === secret);
    if (other === undefined) return [];
    return [
      {
        path: `clusters.${name}`,
        problem: `its kubeconfig would be the secret ${secret}, as that of clusters.${other} is`,
        allowed: "names that differ by more than hyphens",
        remedy: "rename one of the two",
        about: [`clusters.${other}`],
      },
    ];
  });
}

function unreachedServices(estate: Estate, cluster: string, { tailnet }: ExistingClusterSpec): Problem[] {
  if (tailnet !== undefined) return [];
  return Object.entries(estate.apps).flatMap(([app, { on, serves }]) =>
    Object.entries(serves)
      .filter(([, { to }]) => on === cluster && to.length > 0)
      .map(([service]) => ({
        path: `apps.${app}.serves.${service}.to`,
        problem: `how the tailnet reaches services of cluster ${cluster}, which exists, is not known`,
        allowed: "nobody, as long as it is not",
        remedy: `say it (clusters.${cluster}.tailnet: { serviceCidr, routers, routerCidrs }), or remove to`,
        about: [`clusters.${cluster}.tailnet`],
      })),
  );
}

/** The hub is the one machine that never joins: whoever made it a router would route nothing. */
function hubAsRouter({ tailnet: { control } }: Estate, cluster: string, { tailnet }: ExistingClusterSpec): Problem[] {
  const hub = hubOf({ control });
  return (tailnet?.routers ?? []).flatMap((router, index) =>
    router === hub
      ? [
          {
            path: `clusters.${cluster}.tailnet.routers.${index}`,
            problem: `${quote(router)} is the hub, which does not join its own tailnet`,
            allowed: "a machine that joins the tailnet",
            remedy: "name another machine that reaches the cluster's services",
            about: ["tailnet.control"],
          },
        ]
      : [],
  );
}
