import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as talos from "../../../providers/talos/sdk";
import type { TalosClusterSpec } from "../../../stacks/estate";
import { refuse } from "../../inputProblems";
import { tokens } from "../../tokens";
import { createKubernetesProvider, type KubernetesCluster } from "../kubernetesCluster";
import { type NodeJoin, tailscaleDocument } from "./tailscale";
import {
  clusterProblems,
  type MachinePlan,
  type NodeShape,
  planTalosCluster,
  type TalosClusterPlan,
} from "./talosCluster.plan";

/** A node of a Talos cluster: a machine that booted Talos. */
export interface TalosNode extends NodeShape {
  readonly address: pulumi.Input<string>;
  /** Where its Talos API answers, "HOST:PORT". @default its address */
  readonly endpoint?: string;
  /** With what it joins the tailnet; the key is always treated as secret. @default it does not */
  readonly join?: NodeJoin & { readonly loginServer: pulumi.Input<string>; readonly authKey: pulumi.Input<string> };
}

/** A Talos cluster. */
export interface TalosClusterArgs {
  readonly cluster: TalosClusterSpec;
  /** The machines that the cluster names, by name. */
  readonly nodes: Readonly<Record<string, TalosNode>>;
  /** Networks of the nodes and of their operators, as CIDRs: nothing else reaches a port of a node. */
  readonly subnets: readonly string[];
  /**
   * Path of a lab's world file: the nodes are then simulated there.
   * @default real nodes, by talosctl
   */
  readonly world?: string;
  /**
   * Directory for the snapshots of etcd that are taken before an upgrade: each holds every secret of the cluster.
   * @default estate/etcd-snapshots under the state directory of the user who runs the program
   */
  readonly snapshots?: string;
}

/**
 * A Kubernetes cluster on Talos Linux. Creates
 *
 * 1. a provider for Talos (real, or of a lab's world);
 * 2. the cluster's secrets;
 * 3. one machine per node, configured with the hardening floor of machineConfig.ts: control planes one after another, then
 *    workers one after another. Another Talos version is installed in that order, after a snapshot of etcd. A node that is
 *    taken out of the spec leaves etcd and Kubernetes and is wiped;
 * 4. the cluster itself, bootstrapped on the first control plane; another Kubernetes version is brought by it to all nodes;
 * 5. a Kubernetes provider for whatever runs on it.
 *
 * Protected when the component is: without the secrets nobody administers the cluster any more or adds a node to it, and
 * without the control planes its state is gone.
 *
 * @throws InputPropertiesError with every problem of the nodes
 *
 * @example new TalosCluster("core", { cluster, nodes: { cp1: { address, role: "control-plane" } }, subnets });
 */
export class TalosCluster extends pulumi.ComponentResource implements KubernetesCluster {
  /** URL of the Kubernetes API; known once the cluster is bootstrapped. */
  readonly endpoint: pulumi.Output<string>;
  /** For an administrator of Kubernetes; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** For an administrator of the nodes; secret. */
  readonly talosconfig: pulumi.Output<string>;
  /** For everything that runs on this cluster, and nothing else. */
  readonly provider: kubernetes.Provider;

  constructor(name: string, args: TalosClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // Where things are on the machine that runs the program is not for the state.
    const nodes = Object.fromEntries(
      Object.entries(args.nodes).map(([key, node]) => [key, { ...node, join: undefined }]),
    );
    super(tokens.talosCluster, name, { ...args, nodes, world: undefined, snapshots: undefined }, opts);
    refuse(`TalosCluster "${name}"`, clusterProblems(args.cluster, args.nodes, args.subnets));
    const plan = planTalosCluster(args.cluster, args.nodes, args.subnets);
    const provider = this.createTalosProvider(name, args);
    const secrets = this.createSecrets(name, args, provider);
    const machines = this.createMachines(name, args, plan, secrets, provider);
    const cluster = this.createCluster(name, args, plan, secrets, machines, provider);
    this.provider = createKubernetesProvider(this, name, cluster.kubeconfig);
    this.endpoint = cluster.id.apply(() => plan.endpoint);
    this.kubeconfig = pulumi.secret(cluster.kubeconfig);
    this.talosconfig = pulumi.secret(cluster.talosconfig);
    this.registerOutputs({ endpoint: this.endpoint, kubeconfig: this.kubeconfig, talosconfig: this.talosconfig });
  }

  private createTalosProvider(name: string, { world, snapshots }: TalosClusterArgs): talos.Provider {
    const backend = world === undefined ? (snapshots === undefined ? {} : { snapshots }) : { world };
    return new talos.Provider(`${name}-talos`, backend, { parent: this });
  }

  private createSecrets(name: string, { cluster }: TalosClusterArgs, provider: talos.Provider): talos.Secrets {
    return new talos.Secrets(
      `${name}-secrets`,
      { talosVersion: cluster.talos },
      // The format of the configuration stays that of the cluster's first version: a newer one could lose keys that the nodes
      // need to read their own data. https://github.com/siderolabs/terraform-provider-talos/issues/381
      { parent: this, provider, ignoreChanges: ["talosVersion"] },
    );
  }

  private createMachines(
    name: string,
    args: TalosClusterArgs,
    plan: TalosClusterPlan,
    secrets: talos.Secrets,
    provider: talos.Provider,
  ): ReadonlyMap<string, talos.Machine> {
    const machines = new Map<string, talos.Machine>();
    for (const machine of plan.machines) {
      const created = new talos.Machine(`${name}-${machine.name}`, machineArgs(name, args, plan, machine, secrets), {
        parent: this,
        provider,
        // Two control planes that restart at once cost etcd its quorum; workers go one by one, so that their pods have a place.
        dependsOn: machine.after.flatMap((before) => machines.get(before) ?? []),
      });
      machines.set(machine.name, created);
    }
    return machines;
  }

  private createCluster(
    name: string,
    { cluster, nodes }: TalosClusterArgs,
    plan: TalosClusterPlan,
    { clientConfiguration }: talos.Secrets,
    machines: ReadonlyMap<string, talos.Machine>,
    provider: talos.Provider,
  ): talos.Cluster {
    return new talos.Cluster(
      `${name}-cluster`,
      {
        clusterName: name,
        bootstrapNode: nodeOf(nodes, plan.bootstrapOn).address,
        ...given("bootstrapEndpoint", nodeOf(nodes, plan.bootstrapOn).endpoint),
        endpoint: cluster.endpoint,
        nodes: plan.machines.map((machine) => nodeOf(nodes, machine.name).address),
        kubernetesVersion: cluster.kubernetes,
        clientConfiguration,
      },
      // A node is bootstrapped after it is configured, and the cluster counts as there once every node is.
      { parent: this, provider, dependsOn: [...machines.values()] },
    );
  }
}

function machineArgs(
  name: string,
  { cluster, nodes }: TalosClusterArgs,
  plan: TalosClusterPlan,
  machine: MachinePlan,
  { machineSecrets, clientConfiguration, contract }: talos.Secrets,
): talos.MachineArgs {
  const { address, endpoint, join } = nodeOf(nodes, machine.name);
  const first = nodeOf(nodes, plan.bootstrapOn);
  const controlPlane = { node: first.address, ...given("endpoint", first.endpoint) };
  return {
    node: address,
    ...given("endpoint", endpoint),
    machineType: machine.role === "control-plane" ? "controlplane" : "worker",
    clusterName: name,
    clusterEndpoint: plan.endpoint,
    secrets: machineSecrets,
    clientConfiguration,
    kubernetesVersion: cluster.kubernetes,
    talosVersion: cluster.talos,
    contract,
    patches: [...machine.documents, ...joinDocuments(join)],
    installImage: machine.installerImage,
    // Only a control plane can say how Kubernetes is reached, which a worker has to leave.
    ...(machine.role === "worker" ? { controlPlane } : {}),
    // A control plane that just disappears is counted by etcd for ever, and costs the next one that fails the quorum.
    onDestroy: "reset",
  };
}

function joinDocuments(join: TalosNode["join"]): pulumi.Output<string>[] {
  if (join === undefined) return [];
  const { loginServer, authKey, ...plan } = join;
  const text = pulumi
    .all([loginServer, authKey])
    .apply(([server, key]) => JSON.stringify(tailscaleDocument({ ...plan, loginServer: server, authKey: key })));
  return [pulumi.secret(text)];
}

/** A property that is there when it has a value. */
function given<K extends string>(name: K, value: string | undefined): { readonly [key in K]?: string };
function given(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}

function nodeOf(nodes: TalosClusterArgs["nodes"], name: string): TalosNode {
  const node = nodes[name];
  if (node === undefined) throw new Error(`node ${name} was not validated`);
  return node;
}
