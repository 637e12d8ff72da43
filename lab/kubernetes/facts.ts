import { z } from "zod";
import { documentsOf, mainDocument, versionOf } from "./identity";

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

/** What only the hypervisor and the machine itself know. */
export interface NodeHardware {
  /** Its address in the spec. Nothing is ever sent there. */
  readonly address: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of the disk that pods write to. @default not reported */
  readonly disk?: number | undefined;
  /** Cards that are passed through to it. */
  readonly gpus: number;
  /** Version of the Talos that runs on it: "1.12.0". */
  readonly talos: string;
  /** Whether it runs: one that is off sends no heartbeats. */
  readonly ready: boolean;
  /** Whether Talos has cordoned it, as it does while it upgrades. */
  readonly cordoned: boolean;
}

/**
 * What a kubelet and Talos say of their machine to Kubernetes.
 *
 * The cards are played: in reality the NVIDIA device plugin reports nvidia.com/gpu, after the drivers have loaded.
 */
export interface NodeFacts extends NodeHardware {
  readonly name: string;
  readonly controlPlane: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Version of its kubelet: "1.34.3". */
  readonly kubelet: string;
}

export const controlPlaneRole = "node-role.kubernetes.io/control-plane";

const strings = z.record(z.string(), z.string()).default({});
const machineSchema = z.object({
  type: z.enum(["controlplane", "init", "worker"]),
  kubelet: z.object({ image: z.string() }),
  nodeLabels: strings,
  nodeTaints: strings,
  network: z.object({ hostname: z.string().optional() }).optional(),
});
const clusterSchema = z.object({ allowSchedulingOnControlPlanes: z.boolean().default(false) });
const hostnameSchema = z.object({ kind: z.literal("HostnameConfig"), hostname: z.string().min(1) });

/**
 * Reads what a machine is as a node from its Talos machine configuration (YAML, several documents).
 *
 * @throws Error when the configuration names no host: Talos would make a name up that nothing declares
 */
export function nodeFactsOf(machineConfig: string, hardware: NodeHardware): NodeFacts {
  const main = mainDocument(machineConfig);
  const machine = machineSchema.parse(main["machine"]);
  const cluster = clusterSchema.parse(main["cluster"]);
  const controlPlane = machine.type !== "worker";
  const role = { key: controlPlaneRole, effect: "NoSchedule" };
  return {
    ...hardware,
    name: hostnameOf(machineConfig, machine.network?.hostname),
    controlPlane,
    labels: { ...machine.nodeLabels, ...(controlPlane ? { [controlPlaneRole]: "" } : {}) },
    taints: [
      ...(controlPlane && !cluster.allowSchedulingOnControlPlanes ? [role] : []),
      ...Object.entries(machine.nodeTaints).map(([key, taint]) => readTaint(key, taint)),
    ],
    kubelet: versionOf(machine.kubelet.image),
  };
}

function hostnameOf(machineConfig: string, older: string | undefined): string {
  const [named] = documentsOf(machineConfig).flatMap((document) => hostnameSchema.safeParse(document).data ?? []);
  const hostname = named?.hostname ?? older;
  if (hostname === undefined)
    throw new Error("The machine configuration names no host: no HostnameConfig has a hostname");
  return hostname;
}

/** "VALUE:EFFECT" or "EFFECT": https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/k8s/node_taint_spec.go */
function readTaint(key: string, text: string): Taint {
  const colon = text.indexOf(":");
  return colon === -1 ? { key, effect: text } : { key, value: text.slice(0, colon), effect: text.slice(colon + 1) };
}
