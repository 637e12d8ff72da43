import type { TalosClusterSpec } from "../../../stacks/estate";
import { installerImage, type NodeNeeds } from "./schematic";
import { tailscalePort } from "./tailscale";

/** A document of a Talos machine configuration. */
export type ConfigDocument = Readonly<Record<string, unknown>>;

/** What a node's configuration is made from. */
export interface NodeConfigRequest extends Omit<NodeNeeds, "talos"> {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly cluster: TalosClusterSpec;
  /** Networks of the nodes and of their operators: nothing else reaches a port of a node. */
  readonly subnets: readonly string[];
}

/** The label that a GPU node carries; what it has beyond that is for the device plugin to say. */
export const gpuNodeLabel = { "nvidia.com/gpu.present": "true" } as const;

/**
 * The documents that are merged over the configuration which `talosctl gen config` makes; every key is in Talos 1.12's
 * own schema: https://github.com/siderolabs/talos/blob/v1.12.0/pkg/machinery/config/schemas/config.schema.json
 *
 * The hardening floor: the node's firewall blocks by default, the discovery service of Talos' maker is off, disks are
 * encrypted, the installer is pinned by version and schematic. What Talos has on by default (RBAC, Pod Security
 * admission, audit log, secretbox, seccomp, KubePrism) is left on.
 */
export function nodeDocuments(request: NodeConfigRequest): ConfigDocument[] {
  return [
    { machine: machine(request), cluster: cluster(request) },
    // "off": otherwise the name is derived from the machine's id, and the two exclude each other.
    { apiVersion: "v1alpha1", kind: "HostnameConfig", hostname: request.name, auto: "off" },
    ...encryption(),
    ...firewall(request),
    ...virtualAddress(request),
  ];
}

function machine(request: NodeConfigRequest): ConfigDocument {
  const { gpu, cluster, subnets } = request;
  return {
    // The VM's only disk, on virtio-scsi.
    install: { disk: "/dev/sda", image: installerImage({ ...request, talos: cluster.talos }) },
    // Never the virtual address, nor one that a CNI brings.
    kubelet: { nodeIP: { validSubnets: subnets } },
    ...(gpu === undefined ? {} : gpuMachine),
  };
}

/** https://docs.siderolabs.com/talos/v1.12/configure-your-talos-cluster/hardware-and-drivers/nvidia-gpu */
const gpuMachine = {
  kernel: { modules: [{ name: "nvidia" }, { name: "nvidia_uvm" }, { name: "nvidia_drm" }, { name: "nvidia_modeset" }] },
  sysctls: { "net.core.bpf_jit_harden": "1" },
  nodeLabels: gpuNodeLabel,
} as const;

function cluster({ role, cluster: { podCidr, serviceCidr, workers }, subnets }: NodeConfigRequest): ConfigDocument {
  return {
    network: { podSubnets: [podCidr], serviceSubnets: [serviceCidr] },
    // The default registry is a server of Talos' maker, which would learn every node's addresses.
    discovery: { enabled: false },
    ...(role === "control-plane" ? { etcd: { advertisedSubnets: subnets } } : {}),
    ...(role === "control-plane" && workers.length === 0 ? { allowSchedulingOnControlPlanes: true } : {}),
  };
}

/** Bound to the machine: a disk or a backup of it alone is unreadable. It does not protect against who has the VM. */
function encryption(): ConfigDocument[] {
  return ["STATE", "EPHEMERAL"].map((name) => ({
    apiVersion: "v1alpha1",
    kind: "VolumeConfig",
    name,
    encryption: { provider: "luks2", keys: [{ slot: 0, nodeID: {} }] },
  }));
}

/** Blocked unless allowed. Ports: https://docs.siderolabs.com/talos/v1.12/networking/ingress-firewall */
function firewall({ role, tailnet = false, cluster: { podCidr }, subnets }: NodeConfigRequest): ConfigDocument[] {
  // Pods on a node reach the API server and the kubelet of that node with their own address.
  const withPods = [...subnets, podCidr];
  return [
    { apiVersion: "v1alpha1", kind: "NetworkDefaultActionConfig", ingress: "block" },
    rule("kubelet-ingress", "tcp", [10250], withPods),
    rule("apid-ingress", "tcp", [50000], subnets),
    rule("cni-vxlan", "udp", [4789], subnets),
    // From anywhere, as on the other machines: WireGuard answers nobody whom it does not know.
    ...(tailnet ? [rule("tailscale", "udp", [tailscalePort], ["0.0.0.0/0"])] : []),
    ...(role === "control-plane"
      ? [
          rule("trustd-ingress", "tcp", [50001], subnets),
          rule("kubernetes-api-ingress", "tcp", [6443], withPods),
          rule("etcd-ingress", "tcp", ["2379-2380"], subnets),
        ]
      : []),
  ];
}

function rule(
  name: string,
  protocol: "tcp" | "udp",
  ports: readonly (number | string)[],
  subnets: readonly string[],
): ConfigDocument {
  return {
    apiVersion: "v1alpha1",
    kind: "NetworkRuleConfig",
    name,
    portSelector: { ports, protocol },
    ingress: subnets.map((subnet) => ({ subnet })),
  };
}

/** The shared address of the API, held by one control plane at a time on the VM's only network card. */
function virtualAddress({ role, cluster: { vip } }: NodeConfigRequest): ConfigDocument[] {
  if (role !== "control-plane" || vip === undefined) return [];
  return [
    {
      apiVersion: "v1alpha1",
      kind: "LinkAliasConfig",
      name: "net0",
      selector: { match: 'link.driver == "virtio_net"' },
    },
    { apiVersion: "v1alpha1", kind: "Layer2VIPConfig", name: vip, link: "net0" },
  ];
}
