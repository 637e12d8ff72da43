import { demand } from "../access";
import { must, type Request, type Route, vmOf } from "../api";
import type { VmEvent } from "../emulation";
import { boolean, integer, text } from "../parameters";
import { died } from "../refusal";
import type { VmState } from "../state";
import { checkStart } from "../vm.rules";
import { readSnippet } from "../volumes";

const powerOptions = { skiplock: boolean, timeout: integer(0) };

/** Switching VMs on and off, and asking their guest agent. */
export const vmPowerRoutes: readonly Route[] = [
  { method: "GET", path: "/nodes/{node}/qemu/{vmid}/status/current", handle: status },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/start",
    parameters: {
      optional: {
        ...powerOptions,
        "force-cpu": text,
        machine: text,
        migratedfrom: text,
        stateuri: text,
        targetstorage: text,
      },
    },
    handle: start,
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/stop",
    parameters: {
      optional: { ...powerOptions, keepActive: boolean, migratedfrom: text, "overrule-shutdown": boolean },
    },
    handle: (request) => stop(request, "qmstop"),
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/shutdown",
    parameters: { optional: { ...powerOptions, forceStop: boolean, keepActive: boolean } },
    handle: (request) => stop(request, "qmshutdown"),
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/reboot",
    parameters: { optional: { timeout: integer(0) } },
    handle: reboot,
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/agent/ping",
    handle: (request) => {
      agent(request);
      return { result: {} };
    },
  },
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
    handle: (request) => ({ result: interfaces(agent(request)) }),
  },
];

function status(request: Request): unknown {
  const vmid = must(request, "vmid");
  demand(request.caller, `/vms/${vmid}`, "VM.Audit");
  const { status: power, config } = vmOf(request.store.read(), request);
  return {
    vmid: Number(vmid),
    name: config["name"],
    status: power,
    qmpstatus: power,
    cpus: Number(config["cores"] ?? 1) * Number(config["sockets"] ?? 1),
    maxmem: Number((config["memory"] ?? "512").replace("current=", "")) * 1024 * 1024,
    agent: /^(1|enabled=1)/.test(config["agent"] ?? "") ? 1 : 0,
    tags: config["tags"],
    ...(config["lock"] === undefined ? {} : { lock: config["lock"] }),
  };
}

function start(request: Request): string {
  const { caller, store, tasks, emulation } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.PowerMgmt");
  const vm = vmOf(store.read(), request);
  if (vm.status === "running") throw died(`VM ${vmid} already running`);
  return tasks.start(vm.node, "qmstart", vmid, caller, async () => {
    checkStart(store.read(), vmid);
    const event = eventOf(request, vmid);
    power(request, "running");
    try {
      await emulation.onStart?.(event);
    } catch (error) {
      power(request, "stopped");
      throw error;
    }
  });
}

function stop(request: Request, type: "qmstop" | "qmshutdown"): string {
  const { caller, store, tasks, emulation } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.PowerMgmt");
  const vm = vmOf(store.read(), request);
  if (vm.status === "stopped" && type === "qmshutdown") throw died(`VM ${vmid} not running`);
  return tasks.start(vm.node, type, vmid, caller, async () => {
    if (vm.status === "running") await emulation.onStop?.(eventOf(request, vmid));
    power(request, "stopped");
  });
}

function reboot(request: Request): string {
  const { caller, store, tasks, emulation } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.PowerMgmt");
  const vm = vmOf(store.read(), request);
  if (vm.status === "stopped") throw died(`VM ${vmid} not running`);
  return tasks.start(vm.node, "qmreboot", vmid, caller, async () => {
    await emulation.onStop?.(eventOf(request, vmid));
    await emulation.onStart?.(eventOf(request, vmid));
  });
}

function power(request: Request, to: VmState["status"]): void {
  request.store.update((state) => {
    vmOf(state, request).status = to;
  });
}

/** The VM as the lab's machines know it. */
export function eventOf(request: Request, vmid: string): VmEvent {
  const { store, emulation } = request;
  const state = store.read();
  const { node = "" } = request.path;
  const config = state.vms[vmid]?.config ?? {};
  const [, user] = /(?:^|,)user=([^,]+)/.exec(config["cicustom"] ?? "") ?? [];
  const userData = user === undefined ? undefined : readSnippet(state, emulation.root, node, user);
  return { vmid: Number(vmid), node, name: config["name"] ?? `VM ${vmid}`, address: addressOf(config), userData };
}

function addressOf(config: VmState["config"]): string {
  const [, address = ""] = /(?:^|,)ip=([^,/]+)/.exec(config["ipconfig0"] ?? "") ?? [];
  return address === "dhcp" ? "" : address;
}

/** The configuration of a VM whose guest agent answers. @throws Refusal otherwise (QemuServer/Agent.pm) */
function agent(request: Request): VmState["config"] {
  const vmid = must(request, "vmid");
  demand(request.caller, `/vms/${vmid}`, "VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted");
  const { config, status: power } = vmOf(request.store.read(), request);
  if (!/^(1|enabled=1)/.test(config["agent"] ?? "")) throw died("No QEMU guest agent configured");
  if (power !== "running") throw died(`VM ${vmid} is not running`);
  return config;
}

function interfaces(config: VmState["config"]): unknown[] {
  const loopback = {
    name: "lo",
    "hardware-address": "00:00:00:00:00:00",
    "ip-addresses": [{ "ip-address": "127.0.0.1", "ip-address-type": "ipv4", prefix: 8 }],
  };
  const [, mac = ""] = /^[^=]+=([0-9A-F:]+)/.exec(config["net0"] ?? "") ?? [];
  const [, ip, prefix] = /(?:^|,)ip=([\d.]+)\/(\d+)/.exec(config["ipconfig0"] ?? "") ?? [];
  // Documentation addresses (RFC 5737) for what a DHCP server would have given.
  const given = { "ip-address": ip ?? "192.0.2.10", "ip-address-type": "ipv4", prefix: Number(prefix ?? 24) };
  return [loopback, { name: "eth0", "hardware-address": mac.toLowerCase(), "ip-addresses": [given] }];
}
