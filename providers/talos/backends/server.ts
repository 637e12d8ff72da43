import { readFile } from "node:fs/promises";

import type { Patience } from "../../common/retry";
import type { ClientConfiguration } from "../talosconfig";

import type {
  Applied,
  Bundle,
  ClusterSpec,
  MachineSeen,
  MachineSpec,
  Snapshot,
  SnapshotSpec,
  TalosApi,
  UpgradeReason,
} from "./api";
import { Configuring } from "./configuring";
import { configOf, kubernetesVersionOf, talosVersionOf } from "./facts";
import { Generator } from "./generator";
import { Health } from "./health";
import { KubernetesApi } from "./kubernetesApi";
import { KubernetesUpgrade } from "./kubernetesUpgrade";
import { configHash, describeConfig } from "./machineConfig";
import { Nodes, type Access } from "./nodes";
import { Removal } from "./removal";
import { SecretFolder } from "./secretFiles";
import { snapshotAt, SnapshotPlace, takeSnapshot } from "./snapshots";
import { TalosctlError, type Talosctl } from "./talosctl";
import { Upgrade } from "./upgrade";

/** How long is waited for what takes its time. */
export interface Timing {
  /** For a machine that was just started: it takes minutes until its API answers. */
  readonly booting: Patience;
  /** For etcd, nodes and a Kubernetes API that begin; images are pulled before that. */
  readonly settling: Patience;
  /** For a Kubernetes API that should be there. */
  readonly answering: Patience;
}

const patient: Timing = {
  booting: { attempts: 60, pause: 1000, longest: 15_000 },
  settling: { attempts: 120, pause: 1000, longest: 5_000 },
  answering: { attempts: 3, pause: 1000 },
};

/** Talos nodes through talosctl (1.12): https://docs.siderolabs.com/talos/v1.12/reference/cli */
export class ServerBackend implements TalosApi {
  private readonly nodes: Nodes;
  private readonly health: Health;
  private readonly generator: Generator;

  constructor(
    private readonly talosctl: Talosctl,
    private readonly snapshots = new SnapshotPlace(),
    private readonly timing = patient,
  ) {
    this.nodes = new Nodes(talosctl, timing.booting);
    this.health = new Health(this.nodes, timing.settling);
    this.generator = new Generator(talosctl);
  }

  generate(contract: string): Promise<Bundle> {
    return this.generator.secrets(contract);
  }

  renewClient(machineSecrets: string): Promise<ClientConfiguration> {
    return this.generator.client(machineSecrets);
  }

  async apply(machine: MachineSpec, first: boolean): Promise<Applied> {
    const config = await this.generator.config(machine);
    // The configuration that it is to have in the end: Kubernetes is upgraded after all nodes have theirs.
    const { installImage } = describeConfig(config);
    const applied = {
      configHash: configHash(config),
      image: typeof installImage === "string" ? installImage : machine.image,
    };
    const configuring = new Configuring(this.nodes, this.health, this.timing.settling);
    if (first) await configuring.first(machine, config);
    else {
      const present = await kubernetesVersionOf(this.nodes, machine);
      const isKept = present !== machine.kubernetesVersion;
      const kept = isKept ? await this.generator.config({ ...machine, kubernetesVersion: present }) : config;
      await configuring.change(machine, kept);
    }
    return applied;
  }

  upgrade(machine: MachineSpec, reason: UpgradeReason): Promise<void> {
    return new Upgrade(this.nodes, this.health, this.snapshots).run(machine, reason);
  }

  reset(machine: MachineSpec): Promise<void> {
    const kubeconfigOf = (at: Access): Promise<string> => this.fetchKubeconfig(at);
    return new Removal(this.nodes, this.health, this.timing.settling, kubeconfigOf).run(machine);
  }

  async machine(machine: MachineSpec): Promise<MachineSeen> {
    const config = await configOf(this.nodes, machine);
    const talosVersion = await talosVersionOf(this.nodes, machine);
    return { inputs: { ...describeConfig(config), talosVersion }, configHash: configHash(config) };
  }

  async bootstrap(cluster: ClusterSpec): Promise<void> {
    await this.nodes.patiently(async () => {
      try {
        await this.nodes.run(bootstrapNodeOf(cluster), `bootstrapping ${cluster.clusterName}`, ["bootstrap"]);
      } catch (error) {
        // It has been done: by a run that was killed before it could note it down.
        if (!(error instanceof TalosctlError) || !/AlreadyExists|data directory is not empty/i.test(error.said))
          throw error;
      }
    });
  }

  kubeconfig(cluster: ClusterSpec): Promise<string> {
    return this.fetchKubeconfig(bootstrapNodeOf(cluster));
  }

  async kubernetesAnswers(clusterName: string, kubeconfig: string, begun: boolean): Promise<void> {
    const api = new KubernetesApi(clusterName, kubeconfig);
    if (!begun) return api.untilReady(this.timing.answering);
    try {
      await api.untilReady(this.timing.settling);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new Error(
        `bootstrapping ${clusterName}: etcd has begun, but ${said}. Nothing is lost: see what the control planes say ` +
          "(talosctl health, talosctl dmesg), put that right and run up again, which goes on from here.",
      );
    }
  }

  kubernetesVersion(cluster: ClusterSpec, wanted: string): Promise<string> {
    return this.kubernetesUpgrade().version(cluster, bootstrapNodeOf(cluster), wanted);
  }

  upgradeKubernetes(cluster: ClusterSpec, version: string): Promise<void> {
    return this.kubernetesUpgrade().run(cluster, bootstrapNodeOf(cluster), version);
  }

  takeSnapshot({ path, ...at }: SnapshotSpec): Promise<Snapshot> {
    return takeSnapshot(this.nodes, { clusterName: "estate", ...at }, path);
  }

  snapshotAt(path: string): Promise<Snapshot | undefined> {
    return snapshotAt(path);
  }

  record(): Promise<void> {
    return Promise.resolve();
  }

  recorded(): Promise<"not kept"> {
    return Promise.resolve("not kept");
  }

  erase(): Promise<void> {
    return Promise.resolve();
  }

  private kubernetesUpgrade(): KubernetesUpgrade {
    return new KubernetesUpgrade(this.nodes, this.health, this.snapshots);
  }

  private fetchKubeconfig(at: Access): Promise<string> {
    return SecretFolder.during(async (folder) => {
      const path = folder.path("kubeconfig");
      const args = ["kubeconfig", path, "--force", "--merge=false"];
      await this.nodes.patiently(() => this.nodes.run(at, `fetching the kubeconfig of ${at.clusterName}`, args));
      return readFile(path, "utf8");
    });
  }
}

function bootstrapNodeOf({ clusterName, bootstrapNode, bootstrapEndpoint, clientConfiguration }: ClusterSpec): Access {
  return { clusterName, node: bootstrapNode, endpoint: bootstrapEndpoint, clientConfiguration };
}
