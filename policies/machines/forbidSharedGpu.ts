import type { PolicyResource } from "@pulumi/policy";
import { type GpuClaim, type MappedDevice, sharedGpus } from "../../components/machines/gpu.rules";
import { overInputs } from "../inputs";
import { message } from "../message";
import { pciMappingTypes, vmTypes } from "../proxmox";
import { at, listAt, text, Undecided, Unknown } from "../reading";

/**
 * A GPU belongs to one running VM. Proxmox refuses to start the second one only when it is started: a host's reboot would
 * then decide which of them comes up.
 *
 * Unknown at preview: a mapping's unknown name is followed through the engine's dependencies to the mapping itself; what
 * stays unknown is left to the SDK's advisory. Absent: a VM without `started` counts as running, as the provider has it.
 */
export const forbidSharedGpu = overInputs({
  name: "estate-machines-forbid-shared-gpu",
  description: "A GPU is given to one running VM.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Give each GPU to one running machine in the spec.",
  url: "https://pve.proxmox.com/wiki/PCI_Passthrough",
  validateStack: ({ resources }, reportViolation) => {
    const undecided = new Undecided();
    const vms = resources.filter(({ type }) => vmTypes.has(type));
    const claims = vms.flatMap((vm) => claimsOf(vm, undecided));
    const mappings = resources.filter(({ type }) => pciMappingTypes.has(type));
    for (const shared of sharedGpus(claims, mappings.flatMap(devicesOf))) {
      const [first, ...others] = shared.vms;
      reportViolation(
        message({
          what: `The VMs ${[first, ...others].join(", ")} all run with the GPU ${shared.mappings.join(", ")} of ${shared.node}`,
          why: "a passed-through card works in one VM at a time: the last to start fails, and a reboot decides which",
          allowed: `${shared.available} running VM${shared.available === 1 ? "" : "s"} for that mapping on that node`,
          remedy: "give the GPU to one of them in the spec, or set started to false for the others",
        }),
        vms.find(({ name }) => name === shared.vms.at(-1))?.urn,
      );
    }
    undecided.settle();
  },
});

function claimsOf(vm: PolicyResource, undecided: Undecided): GpuClaim[] {
  const { name, props } = vm;
  const devices = listAt(props, "hostpcis");
  if (devices.length === 0 || at(props, "template") === true) return [];
  const [started, node] = [at(props, "started"), at(props, "nodeName")];
  if (started === false) return [];
  const found = devices.map((device) => (device instanceof Unknown ? device : mappingOf(device, vm)));
  for (const part of [started, node, ...found]) undecided.add(part);
  if (started instanceof Unknown || typeof node !== "string") return [];
  return found.flatMap((mapping) => (typeof mapping === "string" ? [{ vm: name, node, mapping }] : []));
}

/** The mapping's name; when it is unknown and the VM's devices depend on one mapping only, it is that one. */
function mappingOf(device: unknown, vm: PolicyResource): unknown {
  const mapping = at(device, "mapping");
  if (!(mapping instanceof Unknown)) return mapping;
  const [only, ...more] = (vm.propertyDependencies["hostpcis"] ?? []).filter(({ type }) => pciMappingTypes.has(type));
  return only === undefined || more.length > 0 ? mapping : keyOf(only);
}

function devicesOf(mapping: PolicyResource): MappedDevice[] {
  return listAt(mapping.props, "maps").flatMap((map) => {
    const [node, path] = [text(at(map, "node")), text(at(map, "path"))];
    return node === undefined || path === undefined ? [] : [{ mapping: keyOf(mapping), node, path }];
  });
}

function keyOf(mapping: PolicyResource): string {
  return text(at(mapping.props, "name")) ?? mapping.name;
}
