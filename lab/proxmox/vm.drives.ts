import { type Caller, demand } from "./access";
import { parseProperties, printProperties } from "./propertyString";
import { badParameters, died } from "./refusal";
import type { State, VmState } from "./state";
import { driveKeys } from "./vm.parameters";
import { allocate, splitVolume, storageOf, volumeKey, volumeOf } from "./volumes";

const gibibyte = 1024 ** 3;
const efiSize = 528 * 1024;

/** Whom and what a drive is for. */
export interface DriveOwner {
  readonly caller: Caller;
  readonly root: string;
  readonly node: string;
  readonly vmid: string;
}

/** Whether an option of a VM is a drive. */
export function isDrive(option: string): boolean {
  return /^(ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d+$/.test(option);
}

/**
 * Makes or attaches a drive: a new disk ("local-lvm:32"), a disk made from an image ("local-lvm:0,import-from=..."), the
 * cloud-init drive, an ISO or an empty tray, or a disk that is there already.
 *
 * @returns the drive as it stands in the configuration
 * @throws Refusal as check_storage_access and create_disks of qemu-server do
 */
export function placeDrive(state: State, owner: DriveOwner, option: string, value: string): string {
  const properties = new Map(parseProperties(option, value, driveKeys, "file"));
  const file = properties.get("file") ?? properties.get("volume") ?? "";
  if (file === "")
    throw badParameters({
      [option]: "invalid format - format error\nfile: property is missing and it is not optional",
    });
  properties.delete("volume");
  const { storage, name } = splitVolume(file);
  const source = properties.get("import-from");
  properties.delete("import-from");
  if (file === "cdrom") demand(owner.caller, "/", "Sys.Console");
  if (file === "none" || file === "cdrom") return printProperties(properties.set("file", file), "file");
  if (name === "cloudinit" || /^vm-\d+-cloudinit/.test(name)) return cloudInit(state, owner, properties, storage, file);
  const [, size] = /^(\d+(?:\.\d+)?)$/.exec(name) ?? [];
  if (source !== undefined && size !== "0")
    throw badParameters({
      [option]: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>",
    });
  if (size !== undefined) return newDisk(state, owner, option, properties, { storage, size: Number(size), source });
  const volume = volumeOf(state, owner.root, owner.node, file);
  if (volume.content !== "images" && volume.content !== "iso")
    throw badParameters({ [option]: "content type needs to be 'images' or 'iso'" });
  if (volume.vmid !== undefined && String(volume.vmid) !== owner.vmid)
    demand(owner.caller, `/storage/${storage}`, "Datastore.Allocate");
  return printProperties(withSize(properties, file, volume.size), "file");
}

function cloudInit(
  state: State,
  { node, vmid, caller }: DriveOwner,
  properties: Map<string, string>,
  storage: string,
  file: string,
): string {
  imagesStorage(state, caller, storage);
  const { type } = storageOf(state, storage);
  const volid = type === "dir" ? `${storage}:${vmid}/vm-${vmid}-cloudinit.qcow2` : `${storage}:vm-${vmid}-cloudinit`;
  const made = file.endsWith(":cloudinit") ? volid : file;
  const format = type === "dir" ? "qcow2" : "raw";
  state.volumes[volumeKey(node, made)] = { node, content: "images", format, size: 4 * 1024 * 1024, vmid: Number(vmid) };
  properties.delete("format");
  return printProperties(new Map([...properties, ["file", made], ["media", "cdrom"]]), "file");
}

function newDisk(
  state: State,
  { root, node, vmid, caller }: DriveOwner,
  option: string,
  properties: Map<string, string>,
  wanted: { storage: string; size: number; source: string | undefined },
): string {
  imagesStorage(state, caller, wanted.storage);
  const { source } = wanted;
  let size = option.startsWith("efidisk") ? efiSize : wanted.size * gibibyte;
  if (source !== undefined) {
    const image = volumeOf(state, root, node, source);
    if (image.content !== "images" && image.content !== "import")
      throw badParameters({
        [option]: `${source} has wrong type '${image.content}' - needs to be 'images' or 'import'`,
      });
    size = image.size;
  }
  const origin = source === undefined ? undefined : (state.volumes[volumeKey(node, source)]?.source ?? source);
  const volid = allocate(state, node, wanted.storage, { vmid, size, source: origin });
  properties.delete("format");
  return printProperties(withSize(properties, volid, size), "file");
}

function imagesStorage(state: State, caller: Caller, id: string): void {
  demand(caller, `/storage/${id}`, "Datastore.AllocateSpace");
  if (!storageOf(state, id).content.includes("images"))
    throw badParameters({ storage: `storage '${id}' does not support vm images` });
}

function withSize(properties: Map<string, string>, file: string, size: number): Map<string, string> {
  return new Map([...properties, ["file", file], ["size", printSize(size)]]);
}

/** Bytes as Proxmox writes them in a drive: the largest unit that leaves no remainder. */
export function printSize(bytes: number): string {
  const units = ["", "K", "M", "G", "T"];
  let value = bytes;
  let unit = 0;
  while (value > 0 && value % 1024 === 0 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value}${units[unit] ?? ""}`;
}

/** Makes a disk larger. @param size "40G", or "+8G" for more @throws Refusal when it would shrink */
export function resizeDrive(state: State, { node, config }: VmState, option: string, size: string): void {
  const value = config[option];
  if (value === undefined) throw died(`disk '${option}' does not exist`);
  const properties = new Map(parseProperties(option, value, driveKeys, "file"));
  const volume = state.volumes[volumeKey(node, properties.get("file") ?? "")];
  if (volume === undefined) throw died(`disk '${option}' has no associated volume`);
  const [, plus = "", digits = "0", unit = ""] = /^(\+?)(\d+)([KMGT]?)$/.exec(size) ?? [];
  const bytes = Number(digits) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit) + (plus === "" ? 0 : volume.size);
  if (bytes < volume.size) throw died("shrinking disks is not supported");
  volume.size = bytes;
  config[option] = printProperties(properties.set("size", printSize(bytes)), "file");
}
