import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as talos from "../../../providers/talos/sdk";
import type { Cluster } from "../../../stacks/estate";
import { refuse } from "../../inputProblems";
import { tokens } from "../../tokens";
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
}

/** A Talos cluster. */
export interface TalosClusterArgs {
  readonly cluster: Cluster;
  /** The machines that the cluster names, by name. */
  readonly nodes: Readonly<Record<string, TalosNode>>;
  /** Networks of the nodes and of their operators, as CIDRs: nothing else reaches a port of a node. */
  readonly subnets: readonly string[];
  /**
   * Path of a lab's world file: the nodes are then simulated there.
   * @default real nodes, by talosctl
   */
  readonly world?: string;
}

/**
 * A Kubernetes cluster on Talos Linux. Creates
 *
 * 1. a provider for Talos (real, or of a lab's world);
 * 2. the cluster's secrets;
 * 3. one machine per node, configured with the hardening floor of machineConfig.ts: control planes one after another, then workers;
 * 4. the cluster itself, bootstrapped on the first control plane;
 * 5. a Kubernetes provider for whatever runs on it.
 *
 * Protected when the component is: without the secrets nobody administers the cluster any more or adds a node to it, and
 * without the control planes its state is gone.
 *
 * @throws InputPropertiesError with every problem of the nodes
 *
 * @example new TalosCluster("core", { cluster, nodes: { cp1: { address, role: "control-plane" } }, subnets });
 */
export class TalosCluster extends pulumi.ComponentResource {
  /** URL of the Kubernetes API; known once the cluster is bootstrapped. */
  readonly endpoint: pulumi.Output<string>;
  /** For an administrator of Kubernetes; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** For an administrator of the nodes; secret. */
  readonly talosconfig: pulumi.Output<string>;
  /** For everything that runs on this cluster, and nothing else. */
  readonly provider: kubernetes.Provider;

  constructor(name: string, args: TalosClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { world, ...recorded } = args;
    super(tokens.talosCluster, name, recorded, opts);
    refuse(`TalosCluster "${name}"`, clusterProblems(args.cluster, args.nodes, args.subnets));
    const plan = planTalosCluster(args.cluster, args.nodes, args.subnets);
    const provider = this.createTalosProvider(name, world);
    const secrets = this.createSecrets(name, args, provider);
    const machines = this.createMachines(name, args, plan, secrets, provider);
    const cluster = this.createCluster(name, args, plan, secrets, machines, provider);
    this.provider = this.createKubernetesProvider(name, cluster);
    this.endpoint = cluster.id.apply(() => plan.endpoint);
    this.kubeconfig = pulumi.secret(cluster.kubeconfig);
    this.talosconfig = pulumi.secret(cluster.talosconfig);
    this.registerOutputs({ endpoint: this.endpoint, kubeconfig: this.kubeconfig, talosconfig: this.talosconfig });
  }

  private createTalosProvider(name: string, world: string | undefined): talos.Provider {
    return new talos.Provider(`${name}-talos`, world === undefined ? {} : { world }, { parent: this });
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
        // Two control planes that restart at once cost etcd its quorum; a kubelet must not be newer than the API server.
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
        bootstrapNode: addressOf(nodes, plan.bootstrapOn),
        endpoint: cluster.endpoint,
        nodes: plan.machines.map((machine) => addressOf(nodes, machine.name)),
        clientConfiguration,
      },
      // A node is bootstrapped after it is configured, and the cluster counts as there once every node is.
      { parent: this, provider, dependsOn: [...machines.values()] },
    );
  }

  private createKubernetesProvider(name: string, cluster: talos.Cluster): kubernetes.Provider {
    return new kubernetes.Provider(
      `${name}-kubernetes`,
      {
        kubeconfig: pulumi.secret(cluster.kubeconfig),
        // Otherwise the provider guesses from the kubeconfig whether this is another cluster, and replaces everything on it.
        clusterIdentifier: name,
        // A cluster that can't be reached is an error, never a reason to forget what runs on it.
        deleteUnreachable: false,
        enableServerSideApply: true,
      },
      { parent: this },
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
  return {
    node: addressOf(nodes, machine.name),
    machineType: machine.role === "control-plane" ? "controlplane" : "worker",
    clusterName: name,
    clusterEndpoint: plan.endpoint,
    secrets: machineSecrets,
    clientConfiguration,
    kubernetesVersion: cluster.kubernetes,
    talosVersion: cluster.talos,
    contract,
    patches: [...machine.documents],
    installImage: machine.installerImage,
  };
}

function addressOf(nodes: TalosClusterArgs["nodes"], name: string): pulumi.Input<string> {
  const node = nodes[name];
  if (node === undefined) throw new Error(`node ${name} was not validated`);
  return node.address;
}
