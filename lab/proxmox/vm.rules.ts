import { type Caller, demand, isRoot, may } from "./access";
import { devicesOf, hostpci } from "./pci";
import { parseProperties } from "./propertyString";
import { badParameters, died, noPermission } from "./refusal";
import type { State } from "./state";
import { agentKeys, networkKeys } from "./vm.parameters";
import { isDrive } from "./vm.drives";

/** Options by the privilege that changing them takes; whatever is in no group only root may set (API2/Qemu.pm). */
const groups: readonly (readonly [privileges: readonly string[], options: RegExp])[] = [
  [["VM.Config.CPU"], /^(cores|cpu|cpulimit|cpuunits|numa\d*|smp|sockets|vcpus)$/],
  [["VM.Config.Memory"], /^(memory|balloon|shares)$/],
  [["VM.Config.HWType"], /^(acpi|hotplug|kvm|machine|scsihw|smbios1|tablet|vga|watchdog|audio0|rng0)$/],
  [
    ["VM.Config.Options"],
    /^(agent|autostart|bios|description|keyboard|localtime|migrate_downtime|migrate_speed|name|onboot|ostype|protection)$/,
  ],
  [["VM.Config.Options"], /^(reboot|startdate|startup|tdf|template|tags)$/],
  [["VM.PowerMgmt"], /^freeze$/],
  [["VM.Config.Disk"], /^(boot|bootdisk|vmstatestorage)$/],
  [["VM.Config.Network"], /^net\d+$/],
  [
    ["VM.Config.Cloudinit", "VM.Config.Network"],
    /^(cicustom|cipassword|citype|ciuser|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/,
  ],
];
/** Checked where their value is, or no options of the VM at all. */
const elsewhere =
  /^(cdrom|hostpci\d+|serial\d+|usb\d+|unused\d+|virtiofs\d+|delete|digest|revert|pool|start|storage|vmid)$/;

/** @throws Refusal for what the caller may not set */
export function checkOptions(caller: Caller, vmid: string, options: readonly string[]): void {
  if (isRoot(caller)) return;
  for (const option of options.filter((name) => !elsewhere.test(name) && !isDrive(name))) {
    const group = groups.find(([, pattern]) => pattern.test(option));
    if (group === undefined) throw died(`only root can set '${option}' config`);
    demand(caller, `/vms/${vmid}`, ...group[0]);
  }
}

/**
 * Changing a drive of a VM that is there takes a privilege by what it is; at its creation the storages' are enough.
 *
 * @param drives options and their values: the new ones, or those that go
 * @throws Refusal for a drive that the caller may not change
 */
export function checkDrives(caller: Caller, vmid: string, drives: Readonly<Record<string, string>>): void {
  for (const [, value] of Object.entries(drives).filter(([option]) => isDrive(option))) {
    if (!/(?:^|,)media=cdrom(?:,|$)|^(?:none|cdrom)\b|cloudinit/.test(value)) {
      demand(caller, `/vms/${vmid}`, "VM.Config.Disk");
      continue;
    }
    demand(caller, `/vms/${vmid}`, "VM.Config.CDROM");
    if (value.includes("cloudinit")) demand(caller, `/vms/${vmid}`, "VM.Config.Cloudinit");
  }
}

/** @throws Refusal for values that are property strings of the wrong form, or that the caller may not give */
export function checkValues(
  state: State,
  caller: Caller,
  vmid: string,
  config: Readonly<Record<string, string>>,
): void {
  for (const [option, value] of Object.entries(config)) {
    if (/^hostpci\d+$/.test(option)) checkHostpci(state, caller, vmid, option, value);
    if (/^net\d+$/.test(option)) checkNetwork(caller, option, value);
    if (option === "agent") parseProperties(option, value, agentKeys, "enabled");
  }
}

function checkHostpci(state: State, caller: Caller, vmid: string, option: string, value: string): void {
  const { host, mapping } = hostpci(option, value);
  if (host === undefined && mapping === undefined) throw died("either 'host' or 'mapping' must be set.");
  if (isRoot(caller)) return;
  if (mapping === undefined) throw died(`only root can set '${option}' config for non-mapped devices`);
  // check_full: the mapping's own path, so that a role on /mapping is enough.
  if (!may(caller, `/mapping/pci/${mapping}`, ["Mapping.Use"]))
    throw noPermission(`/mapping/pci/${mapping}`, ["Mapping.Use"]);
  demand(caller, `/vms/${vmid}`, "VM.Config.HWType");
}

function checkNetwork(caller: Caller, option: string, value: string): void {
  const found = parseProperties(option, value, networkKeys, "model");
  const bridge = found.get("bridge");
  if (bridge !== undefined) demand(caller, `/sdn/zones/localnetwork/${bridge}`, "SDN.Use");
}

/** @throws Refusal unless every device of the boot order is there (API2/Qemu.pm) */
export function checkBoot(config: Readonly<Record<string, string>>): void {
  const [, order] = /(?:^|,)order=([^,]*)/.exec(config["boot"] ?? "") ?? [];
  const missing = (order ?? "").split(";").find((device) => device !== "" && config[device] === undefined);
  if (missing !== undefined) throw badParameters({ boot: `invalid bootorder: device '${missing}' does not exist'` });
}

/** @throws Error that the start task fails with: a bridge or mapping the node has not, or a device another VM has */
export function checkStart(state: State, vmid: string): void {
  const vm = state.vms[vmid];
  if (vm === undefined) return;
  for (const [option, value] of Object.entries(vm.config)) {
    if (!/^net\d+$/.test(option)) continue;
    const bridge = parseProperties(option, value, networkKeys, "model").get("bridge");
    if (bridge !== undefined && state.nodes[vm.node]?.bridges.includes(bridge) !== true)
      throw new Error(`bridge '${bridge}' does not exist`);
  }
  const wanted = devicesOf(state, vm);
  for (const [other, { status, ...rest }] of Object.entries(state.vms)) {
    if (other === vmid || status !== "running" || rest.node !== vm.node) continue;
    const shared = devicesOf(state, { status, ...rest }).find((device) => wanted.includes(device));
    if (shared !== undefined) throw new Error(`PCI device '${shared}' already in use by running VMID '${other}'`);
  }
}
