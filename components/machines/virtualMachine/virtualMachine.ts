import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import * as pulumi from "@pulumi/pulumi";
import type { Host, Network, Vm } from "../../../stacks/estate";
import { tokens } from "../../tokens";
import type { ImageSource } from "../images";
import { planVirtualMachine, type VirtualMachinePlan } from "./virtualMachine.plan";

/** A VM on a Proxmox host. */
export interface VirtualMachineArgs {
  readonly vm: Vm;
  readonly network: Network;
  readonly storage: Host["storage"];
  readonly image: {
    /** Id of the image in the host's datastore. */
    readonly fileId: pulumi.Input<string>;
    readonly contentType: ImageSource["contentType"];
  };
  /**
   * Cloud-init user data; may be secret.
   * @default none: the image's own behaviour
   */
  readonly userData?: pulumi.Input<string>;
  /**
   * PCI mapping of the card that is passed through whole.
   * @default no card
   */
  readonly gpuMapping?: pulumi.Input<string>;
}

/**
 * A VM (q35, OVMF) with a static address. Creates
 *
 * 1. its cloud-init user data as a snippet, when there is any;
 * 2. the VM, with the card by its PCI mapping: all functions, ROM bar, PCIe;
 * 3. its firewall: in from the local network by role, everything else dropped.
 *
 * Protected when the component is: the VM's disk would be lost. The provider's Vm class says of itself "DO NOT USE",
 * so this is VmLegacy, its maintained one: https://github.com/muhlba91/pulumi-proxmoxve
 */
export class VirtualMachine extends pulumi.ComponentResource {
  /** IPv4 address, known from the plan. */
  readonly address: pulumi.Output<string>;
  /** Id in Proxmox. */
  readonly vmId: pulumi.Output<number>;

  constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { userData, ...recorded } = args;
    super(tokens.virtualMachine, name, recorded, opts);
    const plan = planVirtualMachine(args.vm, args.network, args.image.contentType);
    const snippet = this.createSnippet(name, args.vm, args.storage, userData);
    const vm = this.createVm(name, args, plan, snippet, opts?.protect ?? false);
    this.createFirewall(name, args.vm, plan, vm);
    this.address = vm.id.apply(() => args.vm.address);
    this.vmId = vm.vmId;
    this.registerOutputs({ address: this.address, vmId: this.vmId });
  }

  private createSnippet(
    name: string,
    vm: Vm,
    storage: Host["storage"],
    userData: pulumi.Input<string> | undefined,
  ): proxmox.FileLegacy | undefined {
    if (userData === undefined) return undefined;
    return new proxmox.FileLegacy(
      `${name}-user-data`,
      {
        nodeName: vm.host,
        datastoreId: storage.images,
        contentType: "snippets",
        sourceRaw: { data: userData, fileName: userDataName(name) },
      },
      {
        parent: this,
        // Made anew for other contents, so it can't be protected with its VM; all it holds is in the program.
        protect: false,
        // The provider replaces the file for other contents, and its successor has its path, which Proxmox asks for whenever
        // the VM starts: deleted afterwards, the new file would be the one that goes.
        deleteBeforeReplace: true,
      },
    );
  }

  private createVm(
    name: string,
    { vm, network, storage, image, gpuMapping }: VirtualMachineArgs,
    plan: VirtualMachinePlan,
    snippet: proxmox.FileLegacy | undefined,
    protection: boolean,
  ): proxmox.VmLegacy {
    return new proxmox.VmLegacy(
      `${name}-vm`,
      {
        nodeName: vm.host,
        vmId: vm.vmId,
        name,
        description: `${vm.role}, managed by the estate`,
        tags: [...plan.tags],
        protection,
        machine: "q35",
        bios: "ovmf",
        efiDisk: { datastoreId: storage.disks, type: "4m", preEnrolledKeys: false },
        operatingSystem: { type: "l26" },
        cpu: { cores: vm.cores, type: "host" },
        // No ballooning: a passed-through card pins the guest's memory.
        memory: { dedicated: plan.memory, floating: 0 },
        agent: { enabled: plan.guestAgent },
        scsiHardware: "virtio-scsi-single",
        ...drives(plan, storage, image),
        networkDevices: [
          {
            bridge: network.bridge,
            model: "virtio",
            firewall: plan.firewall !== undefined,
            ...(network.vlan === undefined ? {} : { vlanId: network.vlan }),
          },
        ],
        initialization: {
          datastoreId: storage.disks,
          ipConfigs: [{ ipv4: { address: plan.cidr, gateway: network.gateway } }],
          ...(snippet === undefined ? {} : { userDataFileId: userDataFile(name, storage) }),
        },
        ...(gpuMapping === undefined
          ? {}
          : { hostpcis: [{ device: "hostpci0", mapping: gpuMapping, pcie: true, rombar: true }] }),
        onBoot: vm.started,
        started: vm.started,
        rebootAfterUpdate: plan.rebootAfterUpdate,
      },
      {
        parent: this,
        dependsOn: snippet === undefined ? [] : [snippet],
        // The VM id is the VM's own: its successor can only be made when it is gone.
        deleteBeforeReplace: true,
        ignoreChanges: [...plan.ignoreChanges],
      },
    );
  }

  private createFirewall(name: string, vm: Vm, plan: VirtualMachinePlan, machine: proxmox.VmLegacy): void {
    if (plan.firewall === undefined) return;
    const options = {
      parent: this,
      // A VM that somebody deleted and `up` made again has no firewall, though its id is the old one, and the provider takes
      // options that are not there for unchanged ones. Its MAC address is another.
      replacementTrigger: machine.networkDevices.apply((devices) => devices[0]?.macAddress ?? ""),
      // Both are settings of the VM: deleted afterwards, the new ones would be the ones that go.
      deleteBeforeReplace: true,
    };
    const rules = new proxmox.firewall.RulesLegacy(
      `${name}-firewall-rules`,
      {
        nodeName: vm.host,
        vmId: machine.vmId,
        rules: plan.firewall.map((rule) => ({ type: "in", action: "ACCEPT", ...rule })),
      },
      options,
    );
    new proxmox.firewall.OptionsLegacy(
      `${name}-firewall`,
      { nodeName: vm.host, vmId: machine.vmId, enabled: true, inputPolicy: "DROP", outputPolicy: "ACCEPT" },
      // Switched on after its rules, so that a VM is never cut off for a moment.
      { ...options, dependsOn: [rules] },
    );
  }
}

const userDataName = (name: string): string => `${name}-user-data.yaml`;

/**
 * The snippet's id, by Proxmox's rule and not from the snippet: what takes a property of a resource that is deleted before it
 * is replaced is replaced with it, and that would be the VM and its disk.
 */
function userDataFile(name: string, storage: Host["storage"]): string {
  return `${storage.images}:snippets/${userDataName(name)}`;
}

/**
 * The system disk, and the drive of an installer that the VM boots from while the disk is empty. A VM without installer has an
 * empty drive: left out, the provider gives it that of the host, which the API token would need Sys.Console for.
 */
function drives(
  { disk }: VirtualMachinePlan,
  storage: Host["storage"],
  { fileId, contentType }: VirtualMachineArgs["image"],
): Pick<proxmox.VmLegacyArgs, "disks" | "cdrom" | "bootOrders"> {
  const scsi0 = { interface: "scsi0", datastoreId: storage.disks, size: disk, discard: "on", iothread: true };
  // ide2 is the cloud-init drive's; q35 has ide0 and ide2 only.
  const drive = "ide0";
  if (contentType === "iso")
    return { disks: [scsi0], cdrom: { interface: drive, fileId }, bootOrders: ["scsi0", drive] };
  return {
    disks: [{ ...scsi0, importFrom: fileId }],
    cdrom: { interface: drive, fileId: "none" },
    bootOrders: ["scsi0"],
  };
}
