import type { NodeFacts } from "./facts";

const MiB = 1024 * 1024;

/**
 * What Talos keeps from pods: https://github.com/siderolabs/talos/blob/v1.12.0/pkg/machinery/constants/constants.go
 * (KubeletSystemReserved...)
 */
const reserved = { milliCores: 50, controlPlane: 512 * MiB, worker: 384 * MiB, disk: 256 * MiB } as const;
/** Where a kubelet begins to evict: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction */
const eviction = { memory: 100 * MiB, disk: 0.1 } as const;

/** A node's status as a JSON merge patch, but for its conditions: those are heartbeats. */
export function nodeStatus(facts: NodeFacts) {
  const { name, address, cores, memory, disk, kubelet, talos } = facts;
  const system = facts.controlPlane ? reserved.controlPlane : reserved.worker;
  // Null removes what a machine had before.
  const devices = { pods: "110", "nvidia.com/gpu": facts.gpus === 0 ? null : String(facts.gpus) };
  return {
    capacity: { ...devices, cpu: String(cores), memory: bytes(memory), "ephemeral-storage": bytes(disk) },
    allocatable: {
      ...devices,
      cpu: `${cores * 1000 - reserved.milliCores}m`,
      memory: bytes(memory - system - eviction.memory),
      "ephemeral-storage": bytes(disk === undefined ? undefined : disk * (1 - eviction.disk) - reserved.disk),
    },
    addresses: [
      { type: "InternalIP", address },
      { type: "Hostname", address: name },
    ],
    nodeInfo: {
      ...{
        architecture: "amd64",
        operatingSystem: "linux",
        osImage: `Talos (v${talos})`,
        kubeletVersion: `v${kubelet}`,
      },
      ...unknown,
    },
  };
}

/** Fields that the API wants, and a played machine has nothing for. */
const unknown = {
  ...{ machineID: "", systemUUID: "", bootID: "" },
  ...{ kernelVersion: "", containerRuntimeVersion: "", kubeProxyVersion: "" },
};

function bytes(amount: number | undefined): string | null {
  return amount === undefined ? null : String(Math.max(0, Math.floor(amount)));
}
