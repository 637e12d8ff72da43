import { createHash, randomBytes, randomUUID } from "node:crypto";
import { demand } from "../access";
import { listed, must, nodeOf, one, type Request, type Route, settingsOf, vmOf, without } from "../api";
import { boolean, kindOf, matching } from "../parameters";
import { badParameters, died } from "../refusal";
import type { State, VmState } from "../state";
import { configuration, createParameters, updateParameters } from "../vm.parameters";
import { isDrive, placeDrive, resizeDrive } from "../vm.drives";
import { eventOf } from "../vm.event";
import { checkBoot, checkDrives, checkOptions, checkValues } from "../vm.rules";
import { bringUp } from "./vmPower";

/** Carried by a create or update request, but no option of the VM. */
const notKept = [
  "vmid",
  "pool",
  "start",
  "storage",
  "unique",
  "force",
  "bwlimit",
  "delete",
  "digest",
  "revert",
  "skiplock",
];
const unsupported = ["archive", "live-restore", "import-working-storage"];

/** Creating, changing and removing VMs. */
export const vmRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/qemu",
    parameters: { optional: { full: boolean } },
    handle: (request) => {
      const state = request.store.read();
      nodeOf(state, request);
      return Object.entries(state.vms)
        .filter(([, vm]) => vm.node === request.path["node"])
        .map(([vmid, vm]) => ({ vmid: Number(vmid), name: vm.config["name"], status: vm.status }));
    },
  },
  { method: "POST", path: "/nodes/{node}/qemu", parameters: createParameters, handle: create },
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/config",
    parameters: { optional: { current: boolean } },
    handle: (request) => {
      demand(request.caller, `/vms/${must(request, "vmid")}`, "VM.Audit");
      return printed(vmOf(request.store.read(), request));
    },
  },
  { method: "PUT", path: "/nodes/{node}/qemu/{vmid}/config", parameters: updateParameters, handle: update },
  {
    method: "PUT",
    path: "/nodes/{node}/qemu/{vmid}/resize",
    parameters: {
      required: {
        disk: matching(/^(ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/),
        size: matching(/^\+?\d+(\.\d+)?[KMGT]?$/),
      },
    },
    handle: resize,
  },
  {
    method: "PUT",
    path: "/nodes/{node}/qemu/{vmid}/cloudinit",
    handle: (request) => {
      demand(request.caller, `/vms/${must(request, "vmid")}`, "VM.Config.Cloudinit");
      vmOf(request.store.read(), request);
      return null;
    },
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/qemu/{vmid}",
    parameters: { optional: { "destroy-unreferenced-disks": boolean, purge: boolean, skiplock: boolean } },
    handle: destroy,
  },
];

function create(request: Request): string {
  const { caller, store, tasks } = request;
  const { node = "" } = request.path;
  const vmid = must(request, "vmid");
  const given = settingsOf(request, ...notKept);
  const refused = unsupported.find((name) => request.given.has(name));
  if (refused !== undefined) throw died(`the emulator has no '${refused}'`);
  store.update((state) => {
    nodeOf(state, request);
    demand(caller, `/vms/${vmid}`, "VM.Allocate");
    checkOptions(caller, vmid, Object.keys(given));
    checkValues(state, caller, vmid, given);
    const taken = state.vms[vmid];
    // PVE::Cluster::check_vmid_unused
    if (taken !== undefined)
      throw died(`unable to create VM ${vmid} - VM ${vmid} already exists on node '${taken.node}'`);
    const pool = one(request, "pool");
    const vm: VmState = {
      node,
      status: "stopped",
      config: {},
      firewall: { options: {}, rules: [] },
      ...(pool === undefined ? {} : { pool }),
    };
    set(state, request, vm, given);
    checkBoot(vm.config);
    Object.assign(vm.config, {
      smbios1: given["smbios1"] ?? `uuid=${randomUUID()}`,
      vmgenid: given["vmgenid"] ?? randomUUID(),
    });
    state.vms[vmid] = vm;
  });
  return tasks.start(node, "qmcreate", vmid, caller, async () => {
    if (one(request, "start") === "1") await bringUp(request, vmid);
  });
}

function update(request: Request): null {
  const { caller, store } = request;
  const vmid = must(request, "vmid");
  const given = settingsOf(request, ...notKept);
  const gone = listed(one(request, "delete"));
  store.update((state) => {
    const vm = vmOf(state, request);
    const digest = one(request, "digest");
    if (digest !== undefined && digest !== digestOf(vm))
      throw died("detected modified configuration - file changed by other user? Try again.");
    const unknown = gone.find((name) => kindOf({ optional: configuration }, name) === undefined);
    if (unknown !== undefined) throw badParameters({ delete: `unknown option '${unknown}'` });
    checkOptions(caller, vmid, [...Object.keys(given), ...gone]);
    checkDrives(caller, vmid, given);
    checkDrives(caller, vmid, Object.fromEntries(gone.map((name) => [name, vm.config[name] ?? ""])));
    checkValues(state, caller, vmid, given);
    set(state, request, vm, given);
    vm.config = Object.fromEntries(Object.entries(vm.config).filter(([name]) => !gone.includes(name)));
    checkBoot(vm.config);
  });
  return null;
}

/** Sets options, and makes the disks that they ask for. */
function set(state: State, request: Request, vm: VmState, given: Readonly<Record<string, string>>): void {
  const owner = { caller: request.caller, root: request.emulation.root, node: vm.node, vmid: must(request, "vmid") };
  for (const [option, value] of Object.entries(given)) {
    vm.config[option] = isDrive(option) ? placeDrive(state, owner, option, value) : kept(option, value);
  }
}

/** The form in which Proxmox keeps a value: a network device has its model first, with the MAC address. */
function kept(option: string, value: string): string {
  if (!/^net\d+$/.test(option)) return value;
  const parts = value.split(",");
  const model = parts.find((part) => part.startsWith("model=") || !part.includes("="))?.replace("model=", "");
  if (model === undefined) return value;
  const mac = parts.find((part) => part.startsWith("macaddr="))?.slice("macaddr=".length) ?? randomMac();
  const rest = parts.filter((part) => part !== model && !/^(model|macaddr)=/.test(part));
  return [`${model}=${mac.toUpperCase()}`, ...rest].join(",");
}

/** BC:24:11 is Proxmox's own prefix. */
function randomMac(): string {
  return ["BC", "24", "11", ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

function resize(request: Request): string {
  const { caller, store, tasks } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.Config.Disk");
  const change = (state: State) => {
    resizeDrive(state, vmOf(state, request), must(request, "disk"), must(request, "size"));
  };
  store.update(change);
  return tasks.start(must(request, "node"), "resize", vmid, caller, () => undefined);
}

function destroy(request: Request): string {
  const { caller, store, tasks, emulation } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.Allocate");
  const vm = vmOf(store.read(), request);
  if (vm.config["protection"] === "1") throw died(`can't remove VM ${vmid} - protection mode enabled`);
  if (vm.status === "running") throw died(`VM ${vmid} is running - destroy failed`);
  return tasks.start(vm.node, "qmdestroy", vmid, caller, async () => {
    await emulation.onDestroy?.(eventOf(store.read(), emulation.root, vmid));
    store.update((state) => {
      state.volumes = Object.fromEntries(
        Object.entries(state.volumes).filter(([, volume]) => volume.vmid !== Number(vmid)),
      );
      state.vms = without(state.vms, [vmid]);
    });
  });
}

/** A configuration as the API gives it: numbers and booleans as numbers, and a digest. */
function printed(vm: VmState): Record<string, string | number> {
  const entries = Object.entries(vm.config).map(([name, value]): [string, string | number] => {
    const type = kindOf({ optional: configuration }, name)?.type;
    return [name, type === "integer" || type === "boolean" ? Number(value) : value];
  });
  return { ...Object.fromEntries(entries), digest: digestOf(vm) };
}

function digestOf({ config }: VmState): string {
  return createHash("sha1").update(JSON.stringify(config)).digest("hex");
}
