import { requireGpuMapping } from "../../../policies/machines/requireGpuMapping";
import { passes, runResources, unknown } from "../run";

const device = { device: "hostpci0", mapping: "pve1-rtx4090", pcie: true, rombar: true };
const type = "proxmoxve:index/vmLegacy:VmLegacy";

function run(props: Readonly<Record<string, unknown>>) {
  return runResources(requireGpuMapping, [
    { type, name: "docker-vm", props: { machine: "q35", hostpcis: [device], ...props } },
  ]);
}

function violation(problem: string): string {
  return (
    `The VM docker-vm ${problem}.\n` +
    "Why: an API token may attach mapped devices only, and GPU drivers in the guest need PCIe.\n" +
    "Allowed: hostpcis with mapping and pcie: true on machine q35, without id.\n" +
    "To do: name the GPU in the machine's entry of the spec, or map the device and use the mapping's name."
  );
}

describe("estate-machines-require-gpu-mapping", () => {
  it.each([
    ["a mapped PCIe device on q35", {}],
    ["a pinned q35 machine", { machine: "pc-q35-9.2+pve1" }],
    ["q35 with a virtual IOMMU", { machine: "q35,viommu=intel" }],
    ["a VM without PCI devices, whatever its machine", { hostpcis: [], machine: "i440fx" }],
    ["a VM that says nothing of PCI devices", { hostpcis: undefined, machine: undefined }],
  ])("passes %s", (_, props) => {
    expect(run(props)).toEqual(passes);
  });

  it.each([
    [
      "a raw PCI address",
      { hostpcis: [{ device: "hostpci0", id: "0000:01:00", pcie: true }] },
      "takes hostpci0 by raw PCI address",
    ],
    [
      "a raw address beside a mapping",
      { hostpcis: [{ ...device, id: "0000:01:00" }] },
      "takes hostpci0 by raw PCI address",
    ],
    ["no mapping", { hostpcis: [{ device: "hostpci1", pcie: true }] }, "takes hostpci1 by no mapping"],
    ["an empty mapping", { hostpcis: [{ ...device, mapping: "" }] }, "takes hostpci0 by no mapping"],
    ["no PCIe", { hostpcis: [{ ...device, pcie: undefined }] }, "takes hostpci0 without PCIe"],
    ["another machine type", { machine: "pc-i440fx-9.2" }, "passes a PCI device on a machine type other than q35"],
    ["the default machine type", { machine: undefined }, "passes a PCI device on a machine type other than q35"],
  ])("refuses %s", (_, props, problem) => {
    expect(run(props)).toEqual({ violations: [violation(problem)], about: ["docker-vm"], advisory: undefined });
  });

  it("reports every problem of every device", () => {
    const verdict = run({
      machine: "i440fx",
      hostpcis: [{ device: "hostpci0", id: "0000:01:00" }, { device: "hostpci1" }],
    });
    expect(verdict.violations).toEqual(
      [
        "takes hostpci0 by raw PCI address",
        "takes hostpci0 without PCIe",
        "takes hostpci1 by no mapping",
        "takes hostpci1 without PCIe",
        "passes a PCI device on a machine type other than q35",
      ].map(violation),
    );
  });

  it("takes an unknown mapping for a mapping", () => {
    expect(run({ hostpcis: [{ ...device, mapping: unknown }] })).toEqual(passes);
  });

  it.each([
    ["devices", { hostpcis: unknown }, ".hostpcis"],
    ["PCIe", { hostpcis: [{ ...device, pcie: unknown }] }, ".hostpcis.0.pcie"],
    ["address", { hostpcis: [{ ...device, id: unknown }] }, ".hostpcis.0.id"],
    ["machine type", { machine: unknown }, ".machine"],
  ])("leaves unknown %s to the engine's advisory", (_, props, path) => {
    expect(run(props)).toEqual({
      violations: [],
      about: [],
      advisory: `string value at ${path} can't be known during preview`,
    });
  });

  it("reports what is certain before the advisory", () => {
    const verdict = run({ machine: unknown, hostpcis: [{ ...device, id: "0000:01:00" }] });
    expect(verdict).toEqual({
      violations: [violation("takes hostpci0 by raw PCI address")],
      about: ["docker-vm"],
      advisory: "string value at .machine can't be known during preview",
    });
  });

  it("says nothing about other resources", () => {
    expect(
      runResources(requireGpuMapping, [
        { type: "proxmoxve:index/containerLegacy:ContainerLegacy", name: "a", props: { hostpcis: [{}] } },
      ]),
    ).toEqual(passes);
  });
});
