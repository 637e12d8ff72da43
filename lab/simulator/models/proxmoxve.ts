import { type WorldData, getObject, objectsOf } from "../../world";
import type { Model, PackageModels, Placed, Subject } from "../model";
import { at, get, textAt } from "../values";
import { mappings, settleMappings, verifyMappings, pciTypes } from "./proxmoxve.pci";
import { virtualMachine, vmType } from "./proxmoxve.vm";

// proxmoxve 8.5.0, which is bpg/terraform-provider-proxmox: ids, ForceNew and defaults from its schemas.

/** `vm/pve1/100`, `container/pve1/101`, `node/pve1` or `cluster`: what a firewall resource belongs to. */
function firewallScope({ inputs }: Subject): string {
  const node = textAt(inputs, "nodeName");
  const [vm, container] = [get(inputs, "vmId"), get(inputs, "containerId")];
  if (typeof vm === "number") return `vm/${node}/${vm}`;
  if (typeof container === "number") return `container/${node}/${container}`;
  return node === "" ? "cluster" : `node/${node}`;
}

/** A firewall needs its VM: the API has no path for it otherwise. */
function needVm(subject: Placed, world: WorldData): void {
  const vm = get(subject.inputs, "vmId");
  if (typeof vm !== "number" || getObject(world, vmType, String(vm)) !== undefined) return;
  const file = `nodes/${textAt(subject.inputs, "nodeName")}/qemu-server/${vm}.conf`;
  throw new Error(`received an HTTP 500 response - Reason: Configuration file '${file}' does not exist`);
}

const firewall: Model = {
  id: firewallScope,
  upsert: true,
  replaceOn: ["nodeName", "vmId", "containerId"],
  verify: needVm,
};

const namedFirewall: Model = {
  ...firewall,
  id: (subject) => `${firewallScope(subject)}/${textAt(subject.inputs, "name")}`,
  replaceOn: ["nodeName", "vmId", "containerId"],
};

/** `local:snippets/name.yaml`; two hosts may have the same one, so the world's key has the host in front. */
function volume({ inputs }: Subject): string {
  const url = textAt(inputs, "url") || textAt(inputs, "sourceFile", "path");
  const given =
    textAt(inputs, "fileName") || textAt(inputs, "sourceRaw", "fileName") || textAt(inputs, "sourceFile", "fileName");
  const name = given || url.slice(url.lastIndexOf("/") + 1);
  return `${textAt(inputs, "datastoreId")}:${textAt(inputs, "contentType")}/${name}`;
}

const onHost = (id: string, { inputs }: Subject): string => `${textAt(inputs, "nodeName")}/${id}`;
const fileTaken = ({ id }: Placed): string => `file "${id}" already exists`;

const snippet: Model = {
  id: volume,
  key: onHost,
  taken: fileTaken,
  // `overwrite` is on unless the program says otherwise.
  upsert: true,
  replaceOn: ["contentType", "datastoreId", "fileMode", "nodeName", "sourceFile", "sourceRaw"],
  computed: ["fileModificationDate", "fileSize", "fileTag"],
  chosen: ["fileName"],
  defaults: { overwrite: true, timeoutUpload: 1800 },
  state: (subject) => ({
    fileModificationDate: "2026-01-01T00:00:00Z",
    fileName: volume(subject).replace(/^.*\//, ""),
    fileSize: Buffer.byteLength(textAt(subject.inputs, "sourceRaw", "data")),
    fileTag: "simulated",
  }),
};

const download: Model = {
  id: volume,
  key: onHost,
  upsert: true,
  replaceOn: [
    "checksum",
    "checksumAlgorithm",
    "contentType",
    "datastoreId",
    "decompressionAlgorithm",
    "fileName",
    "nodeName",
    "url",
  ],
  computed: ["size"],
  chosen: ["fileName"],
  defaults: { overwrite: true, overwriteUnmanaged: false, uploadTimeout: 600, verify: true },
  state: (subject) => ({ fileName: volume(subject).replace(/^.*\//, ""), size: 629_145_600 }),
};

const mapping: Model = {
  id: ({ inputs }) => textAt(inputs, "name"),
  taken: ({ id }) => `could not create PCI hardware mapping "${id}": mapping ID '${id}' already defined`,
  replaceOn: ["name"],
  defaults: { mediatedDevices: false },
  refuse: ({ inputs }) =>
    mappings(inputs).flatMap((entry, index) => {
      const id = at(entry, "id");
      if (typeof id !== "string" || /^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(id)) return [];
      return [{ property: `maps[${index}].id`, reason: `must be a valid hardware mapping device ID, got "${id}"` }];
    }),
  settle: settleMappings,
};

const vm: Model = {
  ...virtualMachine,
  verify: (subject, world) => {
    const container = objectsOf(world, "proxmoxve:index/containerLegacy:ContainerLegacy")[subject.id];
    if (container !== undefined) throw new Error(virtualMachine.taken?.(subject));
    verifyMappings(subject, world);
  },
  settle: settleMappings,
};

const resources = new Map<string, Model>([
  [vmType, vm],
  ["proxmoxve:index/fileLegacy:FileLegacy", snippet],
  ["proxmoxve:download/file:File", download],
  ["proxmoxve:download/fileLegacy:FileLegacy", download],
  ...pciTypes.map((type): [string, Model] => [type, mapping]),
  ["proxmoxve:firewall/optionsLegacy:OptionsLegacy", firewall],
  ["proxmoxve:firewall/rulesLegacy:RulesLegacy", firewall],
  ["proxmoxve:firewall/ipsetLegacy:IpsetLegacy", namedFirewall],
  ["proxmoxve:firewall/aliasLegacy:AliasLegacy", namedFirewall],
  ["proxmoxve:backup/job:Job", { id: ({ inputs }) => textAt(inputs, "resourceId"), replaceOn: ["resourceId"] }],
  [
    "proxmoxve:index/poolLegacy:PoolLegacy",
    {
      id: ({ inputs }) => textAt(inputs, "poolId"),
      replaceOn: ["poolId"],
      computed: ["members"],
      state: () => ({ members: [] }),
    },
  ],
]);

export const proxmoxve: PackageModels = {
  resource: (type) => resources.get(type),
  invokes: new Map([
    ["proxmoxve:index/getVersion:getVersion", () => ({ release: "9.0", repositoryId: "simulated", version: "9.0.0" })],
  ]),
};
