/** A PCI device as a VM asks for it. */
export interface PassedDevice {
  /** For example "hostpci0". */
  readonly device: string;
  /** The raw PCI address, for example "0000:01:00". */
  readonly id?: string | undefined;
  /** The name of a resource mapping. */
  readonly mapping?: string | undefined;
  readonly pcie?: boolean | undefined;
}

/**
 * Says what is wrong with the way a VM gets its PCI devices; a VM without such devices has no problem.
 *
 * Only root can set a device that is not mapped, even with a root token (Proxmox VE: "only root can set 'hostpciN' config
 * for non-mapped devices"), and PCIe is only available on the q35 machine type (bpg/proxmox, hostpci.pcie).
 *
 * @param machine the VM's machine type, for example "q35" or "pc-q35-9.2+pve1"; Proxmox defaults to i440fx, without PCIe
 */
export function gpuProblems(machine: string | undefined, devices: readonly PassedDevice[]): readonly string[] {
  if (devices.length === 0) return [];
  const perDevice = devices.flatMap(({ device, id, mapping, pcie }) => [
    ...(filled(id) ? [`takes ${device} by raw PCI address`] : []),
    ...(!filled(id) && !filled(mapping) ? [`takes ${device} by no mapping`] : []),
    ...(pcie === true ? [] : [`takes ${device} without PCIe`]),
  ]);
  return isQ35(machine) ? perDevice : [...perDevice, "passes a PCI device on a machine type other than q35"];
}

function isQ35(machine: string | undefined): boolean {
  return machine !== undefined && /^(pc-)?q35\b/.test(machine);
}

function filled(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

/** A running VM's claim on one device of a mapping. */
export interface GpuClaim {
  readonly vm: string;
  readonly node: string;
  readonly mapping: string;
}

/** One entry of a resource mapping: a device on a node. */
export interface MappedDevice {
  readonly mapping: string;
  readonly node: string;
  /** The PCI address with or without function: "0000:01:00", "0000:01:00.0". */
  readonly path: string;
}

/** Devices that more running VMs want than there are. */
export interface SharedGpu {
  readonly node: string;
  readonly mappings: readonly string[];
  readonly vms: readonly string[];
  readonly available: number;
}

/**
 * Finds GPUs that are given to more than one running VM. A mapping is one device per node unless its entries say that it
 * has more there; two mappings with a device in common are taken as one.
 */
export function sharedGpus(claims: readonly GpuClaim[], devices: readonly MappedDevice[]): readonly SharedGpu[] {
  const groups = new Map<string, GpuClaim[]>();
  for (const claim of claims) {
    const key = [claim.node, ...groupOf(claim, devices)].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), claim]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const mappings = groupOf(first, devices);
    const slots = new Set(slotsOf(first.node, mappings, devices));
    const available = Math.max(1, slots.size);
    const vms = group.map(({ vm }) => vm).sort();
    return group.length > available ? [{ node: first.node, mappings, vms, available }] : [];
  });
}

/** The mappings of a node that hold a device of the claimed one, directly or through others. */
function groupOf({ node, mapping }: GpuClaim, devices: readonly MappedDevice[]): readonly string[] {
  const group = new Set([mapping]);
  for (let size = 0; size !== group.size;) {
    size = group.size;
    const slots = new Set(slotsOf(node, [...group], devices));
    for (const device of devices) {
      if (device.node === node && slots.has(slotOf(device.path))) group.add(device.mapping);
    }
  }
  return [...group].sort();
}

function slotsOf(node: string, mappings: readonly string[], devices: readonly MappedDevice[]): string[] {
  return devices
    .filter((item) => item.node === node && mappings.includes(item.mapping))
    .map(({ path }) => slotOf(path));
}

/** A GPU is passed with all its functions (graphics, sound), so the slot is what counts. */
function slotOf(path: string): string {
  return path.replace(/\.\d+$/, "");
}
