import { derive, getObject } from "../../world";
import type { Model, Placed } from "../model";
import { at, get, mapsOf, textAt, type PropertyMap } from "../values";

export const vmType = "proxmoxve:index/vmLegacy:VmLegacy";

const seconds = {
  timeoutClone: 1800,
  timeoutCreate: 1800,
  timeoutMigrate: 1800,
  timeoutMoveDisk: 1800,
  timeoutReboot: 1800,
};
const more = { timeoutShutdownVm: 1800, timeoutStartVm: 1800, timeoutStopVm: 300 };

/** What the guest agent of the VM reports. */
function guest(subject: Placed): PropertyMap {
  const { inputs } = subject;
  const macs = mapsOf(get(inputs, "networkDevices")).map(
    (device, index) => textAt(device, "macAddress") || mac(subject, index),
  );
  // Without a running guest and its agent nobody knows its addresses.
  const reported = at(inputs, "agent", "enabled") === true && get(inputs, "started") !== false;
  if (!reported) return { macAddresses: macs, ipv4Addresses: [], ipv6Addresses: [], networkInterfaceNames: [] };
  const configs = mapsOf(at(inputs, "initialization", "ipConfigs"));
  const addresses = (family: "ipv4" | "ipv6") =>
    macs.map((_, index) => addressOf(subject, textAt(configs[index] ?? {}, family, "address"), family));
  return {
    macAddresses: ["00:00:00:00:00:00", ...macs],
    ipv4Addresses: [["127.0.0.1"], ...addresses("ipv4")],
    ipv6Addresses: [["::1"], ...addresses("ipv6")],
    networkInterfaceNames: ["lo", ...macs.map((_, index) => `eth${index}`)],
  };
}

/** BC:24:11 is Proxmox's own prefix. */
function mac(subject: Placed, index: number): string {
  const digits = derive(subject.salt, "mac", subject.id, String(index)).slice(0, 6).toUpperCase();
  return `BC:24:11:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}`;
}

/** The static address; for DHCP one of the network that RFC 5737 keeps for examples. */
function addressOf(subject: Placed, configured: string, family: "ipv4" | "ipv6"): string[] {
  if (configured !== "" && configured !== "dhcp" && configured !== "auto") return [configured.replace(/\/.*$/, "")];
  if (family === "ipv6") return [];
  return [`192.0.2.${1 + (Number.parseInt(derive(subject.salt, "dhcp", subject.id).slice(0, 8), 16) % 254)}`];
}

/** A virtual machine as the provider's maintained VM resource manages it. */
export const virtualMachine: Model = {
  // ForceNew in the provider's schema; nodeName only when the VM may not migrate.
  replaceOn: ({ inputs }) => [
    ...(get(inputs, "migrate") === true ? [] : ["nodeName"]),
    "vmId",
    "amdSev",
    "clone",
    "disks[*].fileId",
    "initialization.userDataFileId",
    "initialization.vendorDataFileId",
    "initialization.networkDataFileId",
    "initialization.metaDataFileId",
    "initialization.type",
    "tpmState.version",
  ],
  computed: ["ipv4Addresses", "ipv6Addresses", "macAddresses", "networkInterfaceNames"],
  chosen: ["vmId", "name"],
  defaults: {
    acpi: true,
    bios: "seabios",
    deleteUnreferencedDisksOnDestroy: true,
    hotplug: "network,disk,usb",
    keyboardLayout: "en-us",
    migrate: false,
    onBoot: true,
    protection: false,
    purgeOnDestroy: true,
    reboot: false,
    rebootAfterUpdate: true,
    scsiHardware: "virtio-scsi-pci",
    started: true,
    stopOnDestroy: false,
    tabletDevice: true,
    template: false,
    ...seconds,
    ...more,
  },
  id: ({ inputs }, world) => {
    const given = get(inputs, "vmId");
    if (typeof given === "number") return String(given);
    let id = 100;
    while (getObject(world, vmType, String(id)) !== undefined) id++;
    return String(id);
  },
  taken: ({ id, inputs }) =>
    `unable to create VM ${id}: VM ${id} already exists on node '${textAt(inputs, "nodeName")}'`,
  state: (subject) => ({ vmId: Number(subject.id), name: textAt(subject.inputs, "name"), ...guest(subject) }),
};
