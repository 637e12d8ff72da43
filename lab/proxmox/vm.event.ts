import type { PassedDevice, VmEvent } from "./emulation";
import { entriesOn, hostpci, hostpcisOf } from "./pci";
import { parseProperties } from "./propertyString";
import type { State, VmState } from "./state";
import { isDrive } from "./vm.drives";
import { driveKeys } from "./vm.parameters";
import { readSnippet, volumeKey } from "./volumes";

/** Bytes in a mebibyte. */
const mebibyte = 1024 * 1024;

/** A VM as the lab's machines know it. */
export function eventOf(state: State, root: string, vmid: string): VmEvent {
  const { node = "", config = {} } = state.vms[vmid] ?? {};
  const [, user] = /(?:^|,)user=([^,]+)/.exec(config["cicustom"] ?? "") ?? [];
  return {
    vmid: Number(vmid),
    node,
    name: config["name"] ?? `VM ${vmid}`,
    address: addressOf(config),
    userData: user === undefined ? undefined : readSnippet(state, root, node, user),
    image: imageOf(state, node, config),
    cores: coresOf(config),
    memory: memoryOf(config),
    passthrough: passthroughOf(state, node, config),
    onBoot: config["onboot"] === "1",
  };
}

/** Cores of all sockets; Proxmox's default is one. */
export function coresOf(config: VmState["config"]): number {
  return Number(config["cores"] ?? 1) * Number(config["sockets"] ?? 1);
}

/** Bytes; Proxmox's default is 512 MiB. */
export function memoryOf(config: VmState["config"]): number {
  return Number((config["memory"] ?? "512").replace("current=", "")) * mebibyte;
}

function addressOf(config: VmState["config"]): string {
  const [, address = ""] = /(?:^|,)ip=([^,/]+)/.exec(config["ipconfig0"] ?? "") ?? [];
  return address === "dhcp" ? "" : address;
}

/** The first drive of the boot order that has something on it: an empty disk is passed over for the installer behind it. */
function imageOf(state: State, node: string, config: VmState["config"]): string {
  const [, order = ""] = /(?:^|,)order=([^,]*)/.exec(config["boot"] ?? "") ?? [];
  for (const device of order.split(";").filter(isDrive)) {
    const volid = parseProperties(device, config[device] ?? "", driveKeys, "file").get("file") ?? "";
    const volume = state.volumes[volumeKey(node, volid)];
    if (volume?.source !== undefined) return volume.source;
    if (volume?.content === "iso") return volid;
  }
  return "";
}

function passthroughOf(state: State, node: string, config: VmState["config"]): PassedDevice[] {
  return hostpcisOf(config).flatMap(([option, value]) => {
    const { mapping } = hostpci(option, value);
    if (mapping === undefined) return [];
    return entriesOn(state, mapping, node).map((entry) => ({ mapping, id: entry.get("id") ?? "" }));
  });
}
