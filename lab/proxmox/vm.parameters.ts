import { boolean, integer, matching, oneOf, type Kind, type Parameters, text } from "./parameters";

/** A property string of a drive: its keys, `file` being the default one. */
export const driveKeys = [
  ..."aio backup bps bps_max_length bps_rd bps_rd_max_length bps_wr bps_wr_max_length cache detect_zeroes".split(" "),
  ..."discard efitype file format import-from iops iops_max iops_rd iops_rd_max iops_wr iops_wr_max iothread".split(
    " ",
  ),
  ..."mbps mbps_max mbps_rd mbps_rd_max mbps_wr mbps_wr_max media model pre-enrolled-keys product queues".split(" "),
  ..."replicate rerror ro scsiblock serial shared size snapshot ssd vendor version volume werror wwn".split(" "),
];

/** https://pve.proxmox.com/wiki/Manual:_qm.conf, net[n]; a model may be a key of its own, with the MAC address as value. */
export const networkModels = "e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er".split(
  " ",
);
networkModels.push(..."ne2k_isa ne2k_pci pcnet rtl8139 virtio vmxnet3".split(" "));
export const networkKeys = [
  ..."bridge firewall link_down macaddr model mtu queues rate tag trunks".split(" "),
  ...networkModels,
];

export const hostpciKeys = [
  ..."device-id driver host legacy-igd mapping mdev pcie rombar romfile sub-device-id".split(" "),
  ..."sub-vendor-id vendor-id x-vga".split(" "),
];
export const agentKeys = "enabled freeze-fs-on-backup fstrim_cloned_disks type".split(" ");

const keyboards =
  "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr".split(" ");
const strings = (
  "affinity agent amd-sev args audio0 boot cdrom cicustom cipassword ciuser cpu description efidisk0 hookscript " +
  "hostpci[n] hotplug ide[n] ipconfig[n] ivshmem machine nameserver net[n] numa[n] parallel[n] rng0 sata[n] scsi[n] " +
  "searchdomain serial[n] smbios1 spice_enhancements sshkeys startdate startup tpmstate0 unused[n] usb[n] vga " +
  "virtio[n] virtiofs[n] vmgenid vmstatestorage watchdog"
).split(" ");
const booleans =
  "acpi autostart ciupgrade force freeze keephugepages kvm localtime numa onboot protection reboot tablet tdf template".split(
    " ",
  );
const each = (names: readonly string[], kind: Kind) => Object.fromEntries(names.map((name) => [name, kind]));

/** What a VM's configuration may hold, from the API's description of POST and PUT on a VM (Proxmox VE 9). */
export const configuration: Readonly<Record<string, Kind>> = {
  ...each(strings, text),
  ...each(booleans, boolean),
  arch: oneOf("x86_64", "aarch64"),
  balloon: integer(0),
  bios: oneOf("seabios", "ovmf"),
  bootdisk: matching(/^(ide|sata|scsi|virtio)\d+$/),
  citype: oneOf("configdrive2", "nocloud", "opennebula"),
  cores: integer(1),
  cpulimit: { type: "number", minimum: 0, maximum: 128 },
  cpuunits: integer(1, 262144),
  hugepages: oneOf("any", "2", "1024"),
  keyboard: oneOf(...keyboards),
  lock: oneOf(..."backup clone create migrate rollback snapshot snapshot-delete suspending suspended".split(" ")),
  memory: matching(/^(current=)?[1-9]\d*$/),
  migrate_downtime: { type: "number", minimum: 0 },
  migrate_speed: integer(0),
  // The format dns-name of pve-common, in short.
  name: matching(/^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/),
  ostype: oneOf(..."other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris".split(" ")),
  scsihw: oneOf(..."lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi".split(" ")),
  shares: integer(0, 50000),
  smp: integer(1),
  sockets: integer(1),
  tags: matching(/^[a-zA-Z0-9_][a-zA-Z0-9_\-+.]*([;, ][a-zA-Z0-9_][a-zA-Z0-9_\-+.]*)*$/),
  vcpus: integer(1),
};

export const createParameters: Parameters = {
  required: { vmid: integer(100, 999_999_999) },
  optional: {
    ...configuration,
    archive: text,
    bwlimit: integer(0),
    "import-working-storage": text,
    "live-restore": boolean,
    pool: text,
    start: boolean,
    storage: text,
    unique: boolean,
  },
};

export const updateParameters: Parameters = {
  optional: { ...configuration, delete: text, digest: text, revert: text, skiplock: boolean },
};
