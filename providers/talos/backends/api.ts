import type { Who } from "../../common/kind";
import type { Known } from "../../common/values";
import type { ClientConfiguration } from "../talosconfig";

/** Kinds of the provider whose objects are recorded by id. */
export type Recorded = "Secrets" | "Machine" | "Cluster" | "EtcdSnapshot";

/** The secrets of a cluster, as `talosctl gen secrets` writes them, and a client's way in. */
export interface Bundle {
  /** YAML */
  readonly machineSecrets: string;
  readonly clientConfiguration: ClientConfiguration;
}

/** Everything a node's configuration is made from. */
export interface MachineSpec {
  readonly node: string;
  /** Where the node's API is asked for; the node itself unless it is behind another one. */
  readonly endpoint: string;
  readonly machineType: "controlplane" | "worker";
  readonly clusterName: string;
  /** URL of the Kubernetes API. */
  readonly clusterEndpoint: string;
  /** YAML */
  readonly secrets: string;
  readonly clientConfiguration: ClientConfiguration;
  readonly kubernetesVersion: string;
  readonly talosVersion: string;
  /** Minor version whose configuration format the cluster keeps: "1.12". */
  readonly contract: string;
  readonly patches: readonly (string | Readonly<Record<string, unknown>>)[];
  readonly image: string;
  /** A control plane, for what only one can answer; undefined when nobody said which. */
  readonly controlPlane: Place | undefined;
}

/** A node and where its API is asked for. */
export interface Place {
  readonly node: string;
  readonly endpoint: string;
}

/** Why a node's system is to be installed anew. */
export type UpgradeReason = "version" | "installer";

/** What was applied. */
export interface Applied {
  readonly configHash: string;
  /** The installer in it, after all patches. */
  readonly image: string;
}

/** What a node says of itself. Properties that it does not show are absent. */
export interface MachineSeen {
  readonly inputs: Known;
  readonly configHash: string;
}

export interface ClusterSpec {
  readonly clusterName: string;
  readonly bootstrapNode: string;
  /** Where the API of that node is asked for. */
  readonly bootstrapEndpoint: string;
  /** Host of the Kubernetes API. */
  readonly endpoint: string;
  readonly nodes: readonly string[];
  readonly clientConfiguration: ClientConfiguration;
}

export interface SnapshotSpec {
  readonly node: string;
  /** Where the node's API is asked for. */
  readonly endpoint: string;
  readonly path: string;
  readonly clientConfiguration: ClientConfiguration;
}

/** A snapshot that was taken. */
export interface Snapshot {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * What the resources ask of Talos. Every method throws when a node cannot be reached or refuses; nothing that cannot be
 * asked is ever reported as gone.
 */
export interface TalosApi {
  generate(contract: string, who: Who): Promise<Bundle>;
  /** Another client of the cluster that has these secrets, for as long again. */
  renewClient(machineSecrets: string, contract: string, who: Who): Promise<ClientConfiguration>;
  /**
   * Applies the configuration to a node of the cluster; for the `first` time also to one in maintenance mode, which cannot
   * prove who it is. A node that runs keeps its Kubernetes: that is upgraded for the whole cluster at once.
   */
  apply(machine: MachineSpec, first: boolean, who: Who): Promise<Applied>;
  /**
   * Replaces the operating system in place, unless the node has that version already, and waits until the node is back and
   * well. A control plane only while all others are well, and the first of them after a snapshot of etcd.
   */
  upgrade(machine: MachineSpec, reason: UpgradeReason, who: Who): Promise<void>;
  /**
   * Takes the node out of etcd and of Kubernetes and wipes it, so that it starts over in maintenance mode. A control plane
   * only while all others are well.
   */
  reset(machine: MachineSpec, who: Who): Promise<void>;
  machine(spec: MachineSpec): Promise<MachineSeen>;
  /** Starts etcd on the first control plane. Once: asking again for the same cluster changes nothing. */
  bootstrap(cluster: ClusterSpec, who: Who): Promise<void>;
  /** YAML for an administrator of the cluster. */
  kubeconfig(cluster: ClusterSpec, who: Who): Promise<string>;
  /**
   * Asks whether the Kubernetes API is ready; with patience where it was just `begun`.
   *
   * @throws Error when it does not answer, or is another cluster's
   */
  kubernetesAnswers(clusterName: string, kubeconfig: string, begun: boolean): Promise<void>;
  /** The Kubernetes version of the nodes: the one that is not `wanted`, where they have several. */
  kubernetesVersion(cluster: ClusterSpec, wanted: string): Promise<string>;
  /** Upgrades Kubernetes on every node, after a snapshot of etcd. What is done already is not done again. */
  upgradeKubernetes(cluster: ClusterSpec, version: string, who: Who): Promise<void>;
  takeSnapshot(snapshot: SnapshotSpec, who: Who): Promise<Snapshot>;
  /** The file as it is now, undefined when it is gone. */
  snapshotAt(path: string): Promise<Snapshot | undefined>;
  /** Notes an object, where the backend is also the place where things are. */
  record(kind: Recorded, id: string, values: object, who: Who): Promise<void>;
  /** What was noted, secrets as `before` has them unless they changed. "not kept" where the backend cannot. */
  recorded(kind: Recorded, id: string, before: Known): Promise<Known | "not kept" | undefined>;
  erase(kind: Recorded, id: string): Promise<void>;
}
