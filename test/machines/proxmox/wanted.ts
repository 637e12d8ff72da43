/** What the tests ask the provider for, as the estate's components do. */
export const types = {
  mapping: "proxmoxve:hardware/mapping/pci:Pci",
  image: "proxmoxve:download/file:File",
  snippet: "proxmoxve:index/fileLegacy:FileLegacy",
  vm: "proxmoxve:index/vmLegacy:VmLegacy",
  rules: "proxmoxve:firewall/rulesLegacy:RulesLegacy",
  options: "proxmoxve:firewall/optionsLegacy:OptionsLegacy",
  job: "proxmoxve:backup/job:Job",
};
export const userData = "#cloud-config\nhostname: docker\n";
export const mappingArgs = {
  name: "pve1-card",
  comment: "a card",
  maps: [{ id: "10de:2684", node: "pve1", path: "0000:01:00", iommuGroup: 14 }],
};
export const imageArgs = {
  ...{ nodeName: "pve1", datastoreId: "local", contentType: "import", fileName: "debian-12.qcow2", overwrite: false },
  url: "https://cloud.debian.org/debian-12.qcow2",
};
export const snippetArgs = {
  nodeName: "pve1",
  datastoreId: "local",
  contentType: "snippets",
  sourceRaw: { data: userData, fileName: "docker.yaml" },
};
export const rulesArgs = {
  ...{ nodeName: "pve1", vmId: 100 },
  rules: [
    { type: "in", action: "ACCEPT", proto: "tcp", dport: "22", comment: "administration" },
    { type: "in", action: "ACCEPT", proto: "icmp", comment: "reachability" },
  ],
};
export const optionsArgs = { nodeName: "pve1", vmId: 100, enabled: true, inputPolicy: "DROP", outputPolicy: "ACCEPT" };
export const jobArgs = {
  resourceId: "nightly",
  schedule: "02:00",
  storage: "local",
  vmids: ["100"],
  mode: "snapshot",
  enabled: true,
};

/** A VM as the estate's component declares it: a disk from an image, cloud-init, a mapped card. */
export const vmArgs = (more: object = {}) => ({
  ...{ nodeName: "pve1", vmId: 100, name: "docker", tags: ["docker-host", "estate"], machine: "q35", bios: "ovmf" },
  efiDisk: { datastoreId: "local-lvm", type: "4m", preEnrolledKeys: false },
  operatingSystem: { type: "l26" },
  cpu: { cores: 4, type: "host" },
  memory: { dedicated: 8192, floating: 0 },
  agent: { enabled: true },
  scsiHardware: "virtio-scsi-single",
  disks: [
    {
      interface: "scsi0",
      datastoreId: "local-lvm",
      size: 64,
      iothread: true,
      importFrom: "local:import/debian-12.qcow2",
    },
  ],
  // Left out, the provider gives the VM the host's own drive, for which the token would need Sys.Console.
  cdrom: { interface: "ide0", fileId: "none" },
  bootOrders: ["scsi0"],
  networkDevices: [{ bridge: "vmbr0", model: "virtio", firewall: true }],
  initialization: {
    datastoreId: "local-lvm",
    ipConfigs: [{ ipv4: { address: "192.168.10.100/24", gateway: "192.168.10.1" } }],
    userDataFileId: "local:snippets/docker.yaml",
  },
  hostpcis: [{ device: "hostpci0", mapping: "pve1-card", pcie: true, rombar: true }],
  ...{ onBoot: true, started: true, protection: false },
  ...more,
});

/** Privileges that are enough for all of this, and for what the stacks declare: docs/hosts.md has the role. */
export const privileges = {
  "/": ["Sys.Audit", "Sys.Modify"],
  "/mapping/pci": ["Mapping.Modify", "Mapping.Use"],
  "/sdn/zones/localnetwork": ["SDN.Use"],
  "/storage": ["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate"],
  "/vms": [
    ...["VM.Allocate", "VM.Audit", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk"],
    ...["VM.Config.HWType", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.GuestAgent.Audit"],
    "VM.PowerMgmt",
  ],
};
