import { demand } from "../access";
import { must, type Request, type Route, vmOf } from "../api";
import { boolean, integer, text } from "../parameters";
import { died } from "../refusal";
import type { VmState } from "../state";
import { coresOf, eventOf, memoryOf } from "../vm.event";
import { checkStart } from "../vm.rules";

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
    cpus: coresOf(config),
    maxmem: memoryOf(config),
    agent: /^(1|enabled=1)/.test(config["agent"] ?? "") ? 1 : 0,
    tags: config["tags"],
    ...(config["lock"] === undefined ? {} : { lock: config["lock"] }),
  };
}

function start(request: Request): string {
  const { caller, store, tasks } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.PowerMgmt");
  const vm = vmOf(store.read(), request);
  if (vm.status === "running") throw died(`VM ${vmid} already running`);
  return tasks.start(vm.node, "qmstart", vmid, caller, () => bringUp(request, vmid));
}

/** Switches a VM on. @throws Error for which it stays off */
export async function bringUp({ store, emulation }: Request, vmid: string): Promise<void> {
  const power = (to: VmState["status"]) => {
    store.update(({ vms }) => Object.assign(vms[vmid] ?? {}, { status: to }));
  };
  checkStart(store.read(), vmid);
  power("running");
  try {
    await emulation.onStart?.(eventOf(store.read(), emulation.root, vmid));
  } catch (error) {
    power("stopped");
    throw error;
  }
}

function stop(request: Request, type: "qmstop" | "qmshutdown"): string {
  const { caller, store, tasks } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.PowerMgmt");
  const vm = vmOf(store.read(), request);
  if (vm.status === "stopped" && type === "qmshutdown") throw died(`VM ${vmid} not running`);
  return tasks.start(vm.node, type, vmid, caller, () => bringDown(request, vmid));
}

function reboot(request: Request): string {
  const { caller, store, tasks } = request;
  const vmid = must(request, "vmid");
  demand(caller, `/vms/${vmid}`, "VM.PowerMgmt");
  const vm = vmOf(store.read(), request);
  if (vm.status === "stopped") throw died(`VM ${vmid} not running`);
  return tasks.start(vm.node, "qmreboot", vmid, caller, async () => {
    await bringDown(request, vmid);
    await bringUp(request, vmid);
  });
}

async function bringDown({ store, emulation }: Request, vmid: string): Promise<void> {
  const state = store.read();
  if (state.vms[vmid]?.status === "running") await emulation.onStop?.(eventOf(state, emulation.root, vmid));
  store.update(({ vms }) => Object.assign(vms[vmid] ?? {}, { status: "stopped" }));
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
