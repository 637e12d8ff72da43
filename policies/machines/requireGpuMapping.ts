import type { ResourceValidationPolicy } from "@pulumi/policy";
import { gpuProblems, type PassedDevice } from "../../components/machines/gpu.rules";
import { message } from "../message";
import { vmTypes } from "../proxmox";
import { at, listAt, text, Undecided, Unknown } from "../reading";

/**
 * A VM gets its GPU by a resource mapping, as a PCIe device of a q35 machine. An API token, the estate's only credential
 * on a host, may attach mappings only; and a raw PCI address moves when a card is added.
 *
 * Unknown at preview: a mapping's name that is not known yet is a mapping all the same; any other unknown part is left to
 * the SDK's advisory, after what is certain. Absent: a VM without PCI devices passes, a device without mapping does not.
 */
export const requireGpuMapping: ResourceValidationPolicy = {
  name: "estate-machines-require-gpu-mapping",
  description: "A VM gets its GPU by a resource mapping, as a PCIe device of a q35 machine.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Name the GPU in the machine's entry of the spec, and let the component map it.",
  url: "https://pve.proxmox.com/wiki/PCI_Passthrough",
  validateResource: ({ type, name, props }, reportViolation) => {
    if (!vmTypes.has(type)) return;
    const undecided = new Undecided();
    const devices = listAt(props, "hostpcis").flatMap((device) => readDevice(device, undecided));
    const machine = devices.length === 0 ? undefined : at(props, "machine");
    // An unknown machine type is neither held against the VM nor passed: it is settled below.
    const known = machine instanceof Unknown ? "q35" : text(machine);
    undecided.add(machine);
    for (const problem of gpuProblems(known, devices)) {
      reportViolation(
        message({
          what: `The VM ${name} ${problem}`,
          why: "an API token may attach mapped devices only, and GPU drivers in the guest need PCIe",
          allowed: "hostpcis with mapping and pcie: true on machine q35, without id",
          remedy: "name the GPU in the machine's entry of the spec, or map the device and use the mapping's name",
        }),
      );
    }
    undecided.settle();
  },
};

function readDevice(device: unknown, undecided: Undecided): PassedDevice[] {
  const mapping = at(device, "mapping");
  const pcie = at(device, "pcie");
  const id = at(device, "id");
  for (const part of [device, pcie, id]) undecided.add(part);
  if (device instanceof Unknown) return [];
  return [
    {
      device: text(at(device, "device")) ?? "a device",
      mapping: mapping instanceof Unknown ? "unknown" : text(mapping),
      id: text(id),
      pcie: pcie instanceof Unknown || pcie === true,
    },
  ];
}
