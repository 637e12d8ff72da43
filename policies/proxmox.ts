/** VMs of @muhlba91/pulumi-proxmoxve 8: the maintained class, and the experimental ones. */
export const vmTypes: ReadonlySet<string> = new Set([
  "proxmoxve:index/vmLegacy:VmLegacy",
  "proxmoxve:index/vm2Legacy:Vm2Legacy",
  "proxmoxve:index/vm:Vm",
]);

/** PCI resource mappings, under both names. */
export const pciMappingTypes: ReadonlySet<string> = new Set([
  "proxmoxve:hardware/mapping/pci:Pci",
  "proxmoxve:hardware/mapping/pciLegacy:PciLegacy",
]);
