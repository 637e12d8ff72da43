import * as pulumi from "@pulumi/pulumi";
import {
  entry,
  type Estate as EstateSpec,
  existingClustersOf,
  type ExistingClusterSpec,
  kubeconfigSecret,
  talosClustersOf,
  type TalosClusterSpec,
} from "../../stacks/estate";
import { planApp, planTargets } from "../apps/appPlan/appPlan";
import { Chart } from "../apps/chart/chart";
import { TunnelConnector } from "../apps/tunnelConnector/tunnelConnector";
import { ClusterAddons } from "../clusters/addons/clusterAddons";
import { ExistingCluster } from "../clusters/existingCluster/existingCluster";
import type { KubernetesCluster } from "../clusters/kubernetesCluster";
import { TalosCluster } from "../clusters/talosCluster/talosCluster";
import type { Tailnet } from "../tailnet/tailnet";
import { tokens } from "../tokens";
import { appsOn, cardOf, connectorCluster, gpusOf, networksOf, nodesOf, routerCidrsOf } from "./estate.plan";
import { secretOf } from "./secrets";

/** The clusters of an estate and what runs on them. */
export interface PlatformArgs {
  readonly spec: EstateSpec;
  /** Addresses of the VMs, by machine; known when the VM is there. */
  readonly addresses: Readonly<Record<string, pulumi.Output<string>>>;
  /** The tailnet that the nodes join. */
  readonly tailnet: Tailnet;
  /**
   * Directory for snapshots of etcd.
   * @default that of TalosCluster
   */
  readonly snapshots?: string | undefined;
  /** Token of the public edge's tunnel; undefined when nothing is published. */
  readonly tunnelToken: pulumi.Input<string> | undefined;
  /** Among them the credentials of private registries, "user:token", and the kubeconfigs of clusters that exist. Always secret. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
  /** Path of the lab's world file; undefined in the real world. */
  readonly world: string | undefined;
  /**
   * Where the full lab's Talos machines answer, by machine.
   * @default at their own addresses, or in a world file
   */
  readonly talosEndpoints?: Readonly<Record<string, string>> | undefined;
}

/**
 * Clusters, their add-ons, the apps on them and the connector of the public edge. Creates
 *
 * 1. per cluster a TalosCluster or, when it exists, an ExistingCluster, its ClusterAddons and a Chart per app;
 * 2. the TunnelConnector, on the first cluster with a public app.
 */
export class Platform extends pulumi.ComponentResource {
  /** URLs of the Kubernetes APIs, by cluster. */
  readonly endpoints: Readonly<Record<string, pulumi.Output<string>>>;
  /** Secret; by cluster. */
  readonly kubeconfigs: Readonly<Record<string, pulumi.Output<string>>>;
  /** Secret; by cluster on Talos. */
  readonly talosconfigs: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.platform, name, {}, opts);
    const { spec } = args;
    const talos = talosClustersOf(spec).map(([key, cluster]) => [key, this.createTalos(key, cluster, args)] as const);
    const existing = existingClustersOf(spec).map(
      ([key, cluster]) => [key, this.joinExisting(key, cluster, args)] as const,
    );
    const clusters: (readonly [string, KubernetesCluster])[] = [...talos, ...existing];
    for (const [key, cluster] of clusters) this.createWorkloads(key, args, cluster);
    this.endpoints = Object.fromEntries(clusters.map(([key, { endpoint }]) => [key, endpoint]));
    this.kubeconfigs = Object.fromEntries(clusters.map(([key, { kubeconfig }]) => [key, kubeconfig]));
    this.talosconfigs = Object.fromEntries(talos.map(([key, { talosconfig }]) => [key, talosconfig]));
    this.registerOutputs({ endpoints: this.endpoints });
  }

  private createTalos(name: string, cluster: TalosClusterSpec, args: PlatformArgs): TalosCluster {
    const { spec, addresses, tailnet, world, talosEndpoints, snapshots } = args;
    return new TalosCluster(
      name,
      {
        cluster,
        nodes: Object.fromEntries(
          nodesOf(spec, name).map(([node, vm]) => [
            node,
            {
              address: entry(addresses, node),
              role: cluster.workers.includes(node) ? "worker" : "control-plane",
              gpu: cardOf(spec, vm),
              join: {
                hostname: node,
                advertises: tailnet.routes[node] ?? [],
                loginServer: tailnet.loginServer,
                authKey: entry(tailnet.joinKeys, node),
              },
              ...(talosEndpoints === undefined ? {} : { endpoint: entry(talosEndpoints, node) }),
            },
          ]),
        ),
        subnets: networksOf(spec, name),
        ...(snapshots === undefined ? {} : { snapshots }),
        // The full lab's machines are no entries of a world file: talosctl reaches them.
        ...(world === undefined || talosEndpoints !== undefined ? {} : { world }),
      },
      { parent: this },
    );
  }

  private joinExisting(name: string, cluster: ExistingClusterSpec, { secrets }: PlatformArgs): ExistingCluster {
    const kubeconfig = secretOf(secrets, kubeconfigSecret(name));
    return new ExistingCluster(name, { cluster, kubeconfig }, { parent: this });
  }

  private createWorkloads(name: string, args: PlatformArgs, { provider }: KubernetesCluster): void {
    const { spec, secrets, tunnelToken } = args;
    const { registryCredentials } = secrets;
    const cluster = entry(spec.clusters, name);
    const apps = appsOn(spec, name);
    const routerCidrs = routerCidrsOf(spec, name);
    const addons = new ClusterAddons(
      `${name}-addons`,
      {
        cluster,
        apps,
        gpus: gpusOf(spec, name),
        ...(registryCredentials === undefined ? {} : { registryCredentials }),
      },
      { parent: this, provider },
    );
    const opts = { parent: this, provider, dependsOn: [addons] };
    for (const [app, declared] of Object.entries(apps))
      new Chart(app, planApp(app, declared, { cluster, routerCidrs }), opts);
    if (tunnelToken === undefined || connectorCluster(spec) !== name) return;
    new TunnelConnector(`${name}-tunnel`, { cluster, token: tunnelToken, targets: planTargets(apps) }, opts);
  }
}
