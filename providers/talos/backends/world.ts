import { createHash } from "node:crypto";
import { stringify } from "yaml";

import { derive } from "../../../lab/world";
import { canonical } from "../../common/diff";
import { idOf } from "../../common/identity";
import type { Who } from "../../common/kind";
import { toKnown, type Known } from "../../common/values";
import type { WorldStore } from "../../common/worldStore";
import type { ClientConfiguration } from "../talosconfig";

import type {
  Applied,
  Bundle,
  ClusterSpec,
  MachineSeen,
  MachineSpec,
  Recorded,
  Snapshot,
  SnapshotSpec,
  TalosApi,
} from "./api";

const typeOf = (kind: Recorded): string => `talos:index:${kind}`;

/**
 * Simulated nodes: nothing is generated, configured or started anywhere. Objects are in the world file, where a change by
 * hand plays a change behind the program's back; every secret is derived from the world's salt and says "simulated".
 */
export class WorldBackend implements TalosApi {
  constructor(private readonly store: WorldStore) {}

  async generate(contract: string, who: Who): Promise<Bundle> {
    const secret = (name: string): string => this.simulated(idOf(who), contract, name);
    const pair = (name: string): { crt: string; key: string } => ({
      crt: secret(`${name}.crt`),
      key: secret(`${name}.key`),
    });
    const bundle = {
      cluster: { id: secret("cluster.id"), secret: secret("cluster.secret") },
      secrets: { bootstraptoken: secret("bootstraptoken"), secretboxencryptionsecret: secret("secretbox") },
      trustdinfo: { token: secret("trustd") },
      certs: { etcd: pair("etcd"), k8s: pair("k8s"), k8saggregator: pair("k8saggregator"), os: pair("os") },
    };
    const machineSecrets = `# Simulated: no cluster has these secrets.\n${stringify(bundle)}`;
    return { machineSecrets, clientConfiguration: await this.renewClient(machineSecrets, contract, who) };
  }

  renewClient(_machineSecrets: string, contract: string, who: Who): Promise<ClientConfiguration> {
    const secret = (name: string): string => this.simulated(idOf(who), contract, name);
    return Promise.resolve({ ca: secret("os.crt"), crt: secret("client.crt"), key: secret("client.key") });
  }

  apply(machine: MachineSpec): Promise<Applied> {
    const configHash = createHash("sha256")
      .update(canonical(toKnown(machine)))
      .digest("hex");
    return Promise.resolve({ configHash, image: machine.image });
  }

  upgrade(): Promise<void> {
    return Promise.resolve();
  }

  reset(): Promise<void> {
    return Promise.resolve();
  }

  machine({ node }: MachineSpec): Promise<MachineSeen> {
    return Promise.reject(new Error(`${node}: a simulated machine is read from the world`));
  }

  bootstrap({ clusterName, bootstrapNode }: ClusterSpec): Promise<void> {
    const other = this.store
      .all(typeOf("Cluster"))
      .find(([, cluster]) => cluster["bootstrapNode"] === bootstrapNode && cluster["clusterName"] !== clusterName);
    if (other === undefined) return Promise.resolve();
    return Promise.reject(
      new Error(
        `bootstrapping ${clusterName}: the node ${bootstrapNode} has bootstrapped the cluster ${other[0]}; its etcd is not empty`,
      ),
    );
  }

  kubeconfig({ clusterName, endpoint }: ClusterSpec): Promise<string> {
    const user = `admin@${clusterName}`;
    const data = (name: string): string => this.simulated(clusterName, endpoint, name);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": user,
      clusters: [
        {
          name: clusterName,
          cluster: { server: `https://${endpoint}:6443`, "certificate-authority-data": data("ca") },
        },
      ],
      contexts: [{ name: user, context: { cluster: clusterName, namespace: "default", user } }],
      users: [
        { name: user, user: { "client-certificate-data": data("client.crt"), "client-key-data": data("client.key") } },
      ],
    };
    return Promise.resolve(`# Simulated: no such cluster exists.\n${stringify(config)}`);
  }

  kubernetesAnswers(): Promise<void> {
    return Promise.resolve();
  }

  kubernetesVersion({ clusterName }: ClusterSpec): Promise<string> {
    return Promise.reject(new Error(`${clusterName}: a simulated cluster is read from the world`));
  }

  upgradeKubernetes(): Promise<void> {
    return Promise.resolve();
  }

  /** No file is written: there is no etcd whose content it could hold. */
  takeSnapshot({ node, path }: SnapshotSpec): Promise<Snapshot> {
    return Promise.resolve({ sha256: derive(this.store.salt(), "snapshot", node, path), size: 20 * 1024 * 1024 });
  }

  snapshotAt(path: string): Promise<Snapshot | undefined> {
    return Promise.reject(new Error(`${path}: a simulated snapshot is read from the world`));
  }

  record(kind: Recorded, id: string, values: object, { secrets }: Who): Promise<void> {
    return this.store.put(typeOf(kind), id, values, secrets);
  }

  recorded(kind: Recorded, id: string, before: Known): Promise<Known | undefined> {
    const object = this.store.get(typeOf(kind), id);
    return Promise.resolve(object === undefined ? undefined : this.store.reveal(object, before));
  }

  erase(kind: Recorded, id: string): Promise<void> {
    return this.store.remove(typeOf(kind), id);
  }

  /** Base64, as certificates and keys are, of words that say what it is. */
  private simulated(...parts: string[]): string {
    return Buffer.from(`simulated ${derive(this.store.salt(), ...parts).slice(0, 32)}`).toString("base64");
  }
}
