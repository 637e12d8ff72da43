import type { Network, Vm } from "../../../stacks/estate";
import { parseGibibytes } from "../../../stacks/schema/common";
import type { ImageSource } from "../images";

/** A firewall rule of Proxmox: what may come in at the VM's network device. Everything else is dropped. */
export interface FirewallRule {
  readonly proto: "tcp" | "udp" | "icmp";
  readonly dport?: string;
  readonly source?: string;
  readonly comment: string;
}

/** What decides the VM's hardware, free of Pulumi. */
export interface VirtualMachinePlan {
  /** MiB, as Proxmox counts. */
  readonly memory: number;
  /** GB, as the provider counts. */
  readonly disk: number;
  /** Static address with prefix length: 192.168.10.100/24. */
  readonly cidr: string;
  /** Tags on the VM in Proxmox, sorted: Proxmox stores them sorted, and an unsorted list would always differ. */
  readonly tags: readonly string[];
  /** Cloud images run the QEMU guest agent; installers don't. */
  readonly guestAgent: boolean;
  /** undefined: the VM is itself the firewall. */
  readonly firewall: readonly FirewallRule[] | undefined;
  /**
   * Whether a change that a running VM does not take is followed by a reboot. Not so for nodes of a cluster: one `up` would
   * reboot all its control planes at once.
   */
  readonly rebootAfterUpdate: boolean;
  /** Paths of the VM's inputs that are not compared with what there is. */
  readonly ignoreChanges: readonly string[];
}

/** Computes what a VM will be. */
export function planVirtualMachine(
  vm: Vm,
  network: Network,
  contentType: ImageSource["contentType"],
): VirtualMachinePlan {
  return {
    memory: parseGibibytes(vm.memory) * 1024,
    disk: parseGibibytes(vm.disk),
    cidr: `${vm.address}/${network.cidr.split("/")[1] ?? ""}`,
    tags: [...new Set(["estate", vm.role, ...vm.tags])].sort(),
    guestAgent: vm.image !== "talos" && vm.image !== "opnsense",
    firewall: vm.role === "gateway" ? undefined : planFirewall(vm, network.cidr),
    rebootAfterUpdate: vm.role !== "talos-control-plane" && vm.role !== "talos-worker",
    ignoreChanges: [
      // Cloud-init runs at the first boot, and the disk is made from the image once. A join key that was renewed since, or a
      // newer image, must not cost the VM its life.
      "initialization.userDataFileId",
      ...(contentType === "import" ? ["disks[0].importFrom"] : []),
      // The bridge gives each disk speed limits of 0, which the provider neither writes nor reads: a change at every run.
      // https://github.com/muhlba91/pulumi-proxmoxve/issues/664
      "disks[0].speed",
    ],
  };
}

/**
 * What may come in from the local network. Services declared in the spec are not here: they are reached through the
 * tailnet, whose traffic arrives on WireGuard's port and is filtered by the tailnet policy.
 */
function planFirewall(vm: Vm, lan: string): FirewallRule[] {
  return [
    { proto: "icmp", source: lan, comment: "reachability on the local network" },
    // https://tailscale.com/kb/1082/firewall-ports
    { proto: "udp", dport: "41641", comment: "WireGuard: direct connections of the tailnet" },
    ...byRole(vm.role, lan),
  ];
}

function byRole(role: Vm["role"], lan: string): FirewallRule[] {
  switch (role) {
    case "headscale-hub":
      return [
        { proto: "tcp", dport: "443", comment: "Headscale; its certificate's challenge (TLS-ALPN-01) as well" },
        // https://headscale.net/stable/ref/derp/
        { proto: "udp", dport: "3478", comment: "STUN of the embedded DERP server" },
        { proto: "tcp", dport: "22", source: lan, comment: "administration" },
      ];
    case "talos-control-plane":
    case "talos-worker":
      // https://docs.siderolabs.com/talos/v1.12/networking/ingress-firewall narrows this further, on the node itself.
      return [
        { proto: "tcp", source: lan, comment: "cluster traffic and the Talos and Kubernetes APIs" },
        { proto: "udp", source: lan, comment: "pod network" },
      ];
    case "docker-host":
    case "workstation":
      return [{ proto: "tcp", dport: "22", source: lan, comment: "administration" }];
    case "gateway":
      return [];
    default:
      return role satisfies never;
  }
}
