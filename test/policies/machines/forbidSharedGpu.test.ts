import { forbidSharedGpu } from "../../../policies/machines/forbidSharedGpu";
import { type Fixture, passes, runStack, unknown } from "../run";

function mapping(name: string, ...paths: readonly string[]): Fixture {
  const maps = paths.map((path) => ({ id: "10de:2684", node: "pve1", path }));
  return { type: "proxmoxve:hardware/mapping/pci:Pci", name: `pve1-${name}`, props: { name, maps } };
}

function vm(name: string, props: Readonly<Record<string, unknown>> = {}): Fixture {
  const hostpcis = [{ device: "hostpci0", mapping: "rtx4090", pcie: true }];
  return {
    type: "proxmoxve:index/vmLegacy:VmLegacy",
    name,
    props: { nodeName: "pve1", started: true, hostpcis, ...props },
  };
}

const card = mapping("rtx4090", "0000:01:00");

function violation(vms: string, mappings: string, allowed = "1 running VM"): string {
  return (
    `The VMs ${vms} all run with the GPU ${mappings} of pve1.\n` +
    "Why: a passed-through card works in one VM at a time: the last to start fails, and a reboot decides which.\n" +
    `Allowed: ${allowed} for that mapping on that node.\n` +
    "To do: give the GPU to one of them in the spec, or set started to false for the others."
  );
}

describe("estate-machines-forbid-shared-gpu", () => {
  it.each([
    ["one VM per card", [card, vm("a")]],
    ["a second VM that is not started", [card, vm("a"), vm("b", { started: false })]],
    ["a template", [card, vm("a"), vm("b", { template: true })]],
    ["the same mapping on another node", [card, vm("a"), vm("b", { nodeName: "pve2" })]],
    ["two VMs for a mapping with two cards", [mapping("rtx4090", "0000:01:00", "0000:02:00"), vm("a"), vm("b")]],
    ["VMs without cards, and none at all", [vm("a", { hostpcis: [] }), vm("b", { hostpcis: undefined })]],
    ["an empty stack", []],
  ])("passes %s", (_, fixtures) => {
    expect(runStack(forbidSharedGpu, fixtures)).toEqual(passes);
  });

  it.each([
    ["two running VMs with one card", [card, vm("a"), vm("b")], "a, b", "rtx4090", undefined],
    ["a mapping that the stack does not hold", [vm("a"), vm("b")], "a, b", "rtx4090", undefined],
    [
      "VMs that do not say whether they are started",
      [card, vm("a", { started: undefined }), vm("b")],
      "a, b",
      "rtx4090",
      undefined,
    ],
    [
      "three VMs for two cards",
      [mapping("rtx4090", "0000:01:00.0", "0000:01:00.1", "0000:02:00"), vm("a"), vm("b"), vm("c")],
      "a, b, c",
      "rtx4090",
      "2 running VMs",
    ],
    [
      "two mappings of one card",
      [card, mapping("sound", "0000:01:00.1"), vm("a"), vm("b", { hostpcis: [{ mapping: "sound" }] })],
      "a, b",
      "rtx4090, sound",
      undefined,
    ],
  ])("refuses %s", (_, fixtures, vms, mappings, allowed) => {
    const verdict = runStack(forbidSharedGpu, fixtures);
    const last = vms.split(", ").at(-1);
    expect(verdict).toEqual({ violations: [violation(vms, mappings, allowed)], about: [last], advisory: undefined });
  });

  it("judges what the program asked for, whatever the provider knows of it at preview", () => {
    const [a, b] = [vm("a"), vm("b")].map((item) => ({ ...item, outputs: { started: unknown } }));
    const verdict = runStack(forbidSharedGpu, [card, ...[a, b].filter((item) => item !== undefined)]);
    expect(verdict.violations).toEqual([violation("a, b", "rtx4090")]);
  });

  it("follows a mapping whose name is unknown to the mapping that is depended on", () => {
    const fresh = { ...card, props: { ...card.props, name: unknown } };
    const hostpcis = [{ mapping: unknown }];
    const [a, b] = ["a", "b"].map((name) => ({ ...vm(name, { hostpcis }), dependencies: { hostpcis: [fresh] } }));
    expect(runStack(forbidSharedGpu, [fresh, ...[a, b].filter((item) => item !== undefined)])).toEqual({
      violations: [violation("a, b", "pve1-rtx4090")],
      about: ["b"],
      advisory: undefined,
    });
  });

  it.each([
    ["mapping", { hostpcis: [{ mapping: unknown }] }, ".hostpcis.0.mapping"],
    ["node", { nodeName: unknown }, ".nodeName"],
    ["state", { started: unknown }, ".started"],
  ])("reports what is certain before the advisory on an unknown %s", (_, props, path) => {
    expect(runStack(forbidSharedGpu, [card, vm("a", props), vm("b"), vm("c")])).toEqual({
      violations: [violation("b, c", "rtx4090")],
      about: ["c"],
      advisory: `string value at ${path} can't be known during preview`,
    });
  });
});
