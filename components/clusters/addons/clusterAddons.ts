import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { App, Cluster } from "../../../stacks/estate";
import { refuse } from "../../inputProblems";
import { tokens } from "../../tokens";
import {
  type AddonsPlan,
  addonsProblems,
  dockerConfig,
  nvidiaNamespace,
  type NamespacePlan,
  planAddons,
  podSecurityLabels,
  pullSecretName,
} from "./addons.plan";
import { devicePlugin, runtimeClassName } from "./nvidia";

/** What a cluster is given before its apps. */
export interface ClusterAddonsArgs {
  readonly cluster: Cluster;
  /** The apps on this cluster. */
  readonly apps: Readonly<Record<string, App>>;
  /** GPUs of the cluster's nodes. */
  readonly gpus: number;
  /**
   * Credentials of the cluster's registry, "user:token". Required when the cluster names a registry. Kept secret whether marked so
   * or not.
   * @default none
   */
  readonly registryCredentials?: pulumi.Input<string>;
}

/**
 * What every cluster of the estate has around its apps. Creates
 *
 * 1. the apps' namespaces, with Pod Security "restricted", and the connector's when an app is public;
 * 2. in each, a network policy that denies everything (what is allowed comes with each app's chart) and a quota: as many GPUs as
 *    its apps declare, no load balancers, no node ports;
 * 3. in each, the credentials of the private registry, if the cluster has one;
 * 4. for GPU nodes of a cluster on Talos, the runtime class and NVIDIA's device plugin in a namespace of its own.
 *
 * Flannel, which Talos brings, does not enforce network policies. Until the CNI is exchanged (issue 6) they document what is
 * allowed, they don't hold anybody back. Load balancing (MetalLB), storage (Longhorn) and the Tailscale operator come with
 * their upstream charts in issue 6 as well.
 *
 * Protected when the component is: a namespace that goes takes its volumes with it.
 *
 * @throws InputPropertiesError when the cluster names a registry and there are no credentials
 */
export class ClusterAddons extends pulumi.ComponentResource {
  /** Names of the namespaces, by themselves; each is there once its output is known. */
  readonly namespaces: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: ClusterAddonsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { registryCredentials, ...recorded } = args;
    super(tokens.clusterAddons, name, recorded, opts);
    const plan = planAddons(args.cluster, args.apps, args.gpus);
    refuse(`ClusterAddons "${name}"`, addonsProblems(plan, registryCredentials !== undefined));
    this.namespaces = Object.fromEntries(
      plan.namespaces.map((namespace) => [namespace.name, this.createNamespace(name, namespace)]),
    );
    this.createPullSecrets(name, plan, registryCredentials);
    this.createNvidia(name, plan);
    this.registerOutputs({ namespaces: this.namespaces });
  }

  private createNamespace(name: string, { name: namespace, podSecurity, gpus }: NamespacePlan): pulumi.Output<string> {
    const created = new kubernetes.core.v1.Namespace(
      `${name}-${namespace}`,
      { metadata: { name: namespace, labels: podSecurityLabels(podSecurity) } },
      { parent: this },
    );
    const metadata = { namespace: created.metadata.name };
    new kubernetes.networking.v1.NetworkPolicy(
      `${name}-${namespace}-default-deny`,
      {
        metadata: { ...metadata, name: "default-deny" },
        spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      },
      { parent: this },
    );
    const hard = { "requests.nvidia.com/gpu": String(gpus), "services.loadbalancers": "0", "services.nodeports": "0" };
    new kubernetes.core.v1.ResourceQuota(
      `${name}-${namespace}-quota`,
      { metadata: { ...metadata, name: "quota" }, spec: { hard } },
      { parent: this },
    );
    return created.metadata.name;
  }

  private createPullSecrets(
    name: string,
    { registry, namespaces }: AddonsPlan,
    credentials?: pulumi.Input<string>,
  ): void {
    if (registry === undefined || credentials === undefined) return;
    const config = pulumi.secret(credentials).apply((value) => dockerConfig(registry, value));
    for (const { name: namespace } of namespaces) {
      new kubernetes.core.v1.Secret(
        `${name}-${namespace}-registry`,
        {
          metadata: { name: pullSecretName, namespace: this.namespaces[namespace] ?? namespace },
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": config },
        },
        { parent: this },
      );
    }
  }

  private createNvidia(name: string, { nvidia }: AddonsPlan): void {
    if (!nvidia) return;
    const runtime = new kubernetes.node.v1.RuntimeClass(
      `${name}-nvidia-runtime`,
      { metadata: { name: runtimeClassName }, handler: "nvidia" },
      { parent: this },
    );
    new kubernetes.apps.v1.DaemonSet(
      `${name}-nvidia-device-plugin`,
      devicePlugin(this.namespaces[nvidiaNamespace] ?? nvidiaNamespace),
      // Pods that name a runtime class which is not there are refused.
      { parent: this, dependsOn: [runtime] },
    );
  }
}
