import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../../stacks/estate";
import { tokens } from "../../tokens";
import { pullSecrets, type TunnelTarget } from "../appPlan/appPlan";
import { Chart } from "../chart/chart";
import type { RenderSettings } from "../chart/render";
import { connectorNamespace, planConnector, tokenSecret } from "./tunnelConnector.plan";

/** The connector of a Cloudflare tunnel on a cluster. */
export interface TunnelConnectorArgs {
  readonly cluster: Pick<Cluster, "kubernetes" | "registry">;
  /** The tunnel's token, as Cloudflare hands it out. Kept secret whether it is marked so or not. */
  readonly token: pulumi.Input<string>;
  /** What the tunnel leads to (planTargets): the connector reaches nothing else inside. */
  readonly targets: readonly TunnelTarget[];
  /**
   * Where on this machine helm and the cache of rendered charts are.
   * @default helm from PATH, a cache in the home directory
   */
  readonly rendering?: RenderSettings;
}

/**
 * The connector of a Cloudflare tunnel: two replicas of cloudflared that call out to Cloudflare and take their routes from
 * there. Nobody can call them. Creates, in the namespace `cloudflared` (which ClusterAddons makes),
 *
 * 1. the secret with the tunnel's token;
 * 2. the chart charts/cloudflared, which reads the token from it.
 *
 * Pods read the token when they start: after a new one, `kubectl -n cloudflared rollout restart deployment cloudflared`.
 *
 * @example new TunnelConnector("tunnel", { cluster, token: tunnel.token, targets: planTargets(apps) }, { provider });
 */
export class TunnelConnector extends pulumi.ComponentResource {
  constructor(name: string, args: TunnelConnectorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { token, rendering, ...recorded } = args;
    super(tokens.tunnelConnector, name, recorded, opts);
    const secret = this.createSecret(name, token);
    this.createChart(name, recorded, secret, rendering);
    this.registerOutputs({});
  }

  private createSecret(name: string, token: pulumi.Input<string>): kubernetes.core.v1.Secret {
    return new kubernetes.core.v1.Secret(
      `${name}-token`,
      {
        metadata: { name: tokenSecret.name, namespace: connectorNamespace },
        stringData: { [tokenSecret.key]: pulumi.secret(token) },
      },
      { parent: this },
    );
  }

  private createChart(
    name: string,
    { cluster, targets }: Pick<TunnelConnectorArgs, "cluster" | "targets">,
    secret: pulumi.Resource,
    rendering: RenderSettings = {},
  ): void {
    new Chart(
      `${name}-chart`,
      {
        chart: "cloudflared",
        release: "cloudflared",
        namespace: connectorNamespace,
        kubernetesVersion: cluster.kubernetes,
        values: planConnector(targets, pullSecrets(cluster)),
        rendering,
      },
      // Without the secret the pods can't start, and an update waits ten minutes for them.
      { parent: this, dependsOn: [secret] },
    );
  }
}
