import type { App, Cluster } from "../../../stacks/estate";
import type { InputProblem } from "../../inputProblems";
import { connectorNamespace } from "../../apps/tunnelConnector/tunnelConnector.plan";

/** Levels of Pod Security admission. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export type PodSecurity = "restricted" | "baseline" | "privileged";

/** A namespace of the cluster. */
export interface NamespacePlan {
  readonly name: string;
  readonly podSecurity: PodSecurity;
  /** GPUs that its pods may ask for together. */
  readonly gpus: number;
}

/** What a cluster is given before its apps. */
export interface AddonsPlan {
  readonly namespaces: readonly NamespacePlan[];
  /** Whether nodes are prepared for GPU workloads; of a cluster that exists they are. */
  readonly nvidia: boolean;
  /** Registry that pods pull from with credentials. */
  readonly registry: string | undefined;
}

/** Name of the pull secret in each namespace; charts name it in imagePullSecrets. */
export const pullSecretName = "registry";

/** The namespace of the NVIDIA device plugin. */
export const nvidiaNamespace = "nvidia-device-plugin";

/**
 * Plans what a cluster's apps need around them. Namespaces are "restricted"; the one exception is the device plugin's, which
 * mounts a directory of the host.
 *
 * @param apps the apps on this cluster
 * @param gpus GPUs of the cluster's nodes
 */
export function planAddons(cluster: Cluster, apps: Readonly<Record<string, App>>, gpus: number): AddonsPlan {
  // Whoever runs a cluster that exists has made its cards allocatable: a second plugin would offer each of them twice.
  const nvidia = cluster.kind === "talos" && gpus > 0;
  const all = Object.values(apps);
  const isPublic = all.some(({ serves }) => Object.values(serves).some((service) => service.public !== undefined));
  const names = new Set([...all.map(({ namespace }) => namespace), ...(isPublic ? [connectorNamespace] : [])]);
  const namespaces = [...names].map((name): NamespacePlan => ({
    name,
    podSecurity: "restricted",
    gpus: asked(all, name),
  }));
  const plugin: NamespacePlan[] = nvidia ? [{ name: nvidiaNamespace, podSecurity: "privileged", gpus: 0 }] : [];
  return {
    namespaces: [...namespaces, ...plugin].sort((a, b) => (a.name < b.name ? -1 : 1)),
    nvidia,
    registry: cluster.registry,
  };
}

/** Everything that keeps a plan from being carried out. */
export function addonsProblems({ registry }: AddonsPlan, hasCredentials: boolean): InputProblem[] {
  if (registry === undefined || hasCredentials) return [];
  const reason = `is missing, expected "user:token" for ${registry}: give it, or name no registry`;
  return [{ propertyPath: "registryCredentials", reason }];
}

/** Labels that Pod Security admission reads: what is refused, and what is warned about and logged. */
export function podSecurityLabels(level: PodSecurity): Record<string, string> {
  return Object.fromEntries(["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]));
}

/** A Docker configuration that holds one registry's credentials. */
export function dockerConfig(registry: string, credentials: string): string {
  return JSON.stringify({ auths: { [registry]: { auth: Buffer.from(credentials).toString("base64") } } });
}

function asked(apps: readonly App[], namespace: string): number {
  return apps
    .filter((app) => app.namespace === namespace)
    .reduce((sum, { gpus, replicas }) => sum + gpus * replicas, 0);
}
