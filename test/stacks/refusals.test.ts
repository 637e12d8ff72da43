import { loadEstate } from "../../stacks/load";
import { type Problem, SpecError } from "../../stacks/problems";
import { base, withValue } from "./fixtures";

/** What loading the compliant estate with other values at these paths is refused with. */
function problemsOf(change: Readonly<Record<string, unknown>>): readonly Problem[] {
  try {
    loadEstate(Object.entries(change).reduce((spec, [path, value]) => withValue(spec, path, value), base()));
  } catch (error) {
    if (error instanceof SpecError) return error.problems;
    throw error;
  }
  return [];
}

interface Refusal {
  readonly title: string;
  readonly change: Readonly<Record<string, unknown>>;
  readonly path: string;
  /** Words of the message in which the mistaken value stands. */
  readonly value: string;
  readonly allowed: string;
  readonly remedy: string;
}

/**
 * What must never reach a host: each refused before anything is created, alone, with the place, the value, what is allowed
 * and what to do. The card that shares its IOMMU group with something that no spec knows, a disk controller say, is refused on
 * the host itself: test/components/machines/proxmoxHost.cards.test.ts.
 */
const refusals: readonly Refusal[] = [
  {
    title: "a GPU that shares its IOMMU group with another",
    change: { "hosts.pve1.gpus.rtx4090.iommuGroup": 13, "hosts.pve1.gpus.rtx3090.iommuGroup": 13 },
    path: "hosts.pve1.gpus.rtx3090.iommuGroup",
    value: "13 is already the group of hosts.pve1.gpus.rtx4090",
    allowed: "an IOMMU group that no other GPU of the host is in",
    remedy: "put one of the cards in another slot of the mainboard",
  },
  {
    title: "one card given to two running machines",
    change: { "machines.workstation.gpu": "rtx4090" },
    path: "machines.workstation.gpu",
    value: '"rtx4090" of host pve1 is already given to machines.docker',
    allowed: "a GPU that no other running VM has",
    remedy: "give it another card",
  },
  {
    title: "one card declared twice",
    change: { "hosts.pve1.gpus.rtx3090.slot": "0000:01:00" },
    path: "hosts.pve1.gpus.rtx3090.slot",
    value: '"0000:01:00" is already the slot of hosts.pve1.gpus.rtx4090',
    allowed: "a slot that no other GPU of the host is in",
    remedy: "correct one of the two slots",
  },
  {
    title: "a Talos that does not run this Kubernetes",
    change: { "clusters.core.kubernetes": "1.36.0" },
    path: "clusters.core.kubernetes",
    value: 'Talos 1.12.0 does not run Kubernetes "1.36.0"',
    allowed: "with this Talos 1.30 to 1.35",
    remedy: "change the version of one of the two",
  },
  {
    title: "an even number of control planes",
    change: { "clusters.core.controlPlanes": ["cp1", "cp2"], "clusters.edge": undefined },
    path: "clusters.core.controlPlanes",
    value: "2 control planes",
    allowed: "an odd number: 1, 3 or 5",
    remedy: "add or remove one",
  },
  {
    title: "one VM id for two machines",
    change: { "machines.workstation.vmId": 100 },
    path: "machines.workstation.vmId",
    value: "100 is already the id of machines.docker",
    allowed: "an id that no other VM has",
    remedy: "give one of the two another id",
  },
  {
    title: "a model that does not fit into any card of its cluster",
    change: { "apps.ollama.models": ["llama3.3:70b"] },
    path: "apps.ollama.models",
    value: "need 40.6 GiB of VRAM (llama3.3:70b 40.6 GiB)",
    allowed: "models that fit into 24 GiB together: gpu1 24 GiB",
    remedy: "leave a model out or take a smaller one",
  },
  {
    title: "a card that the guest has no driver for",
    change: {
      "machines.docker.image": "debian-12",
      "hosts.pve1.gpus.rtx4090": { slot: "0000:01:00", model: "rtx-5090" },
    },
    path: "machines.docker.gpu",
    value: 'debian-12 has no driver for "rtx4090" (blackwell)',
    allowed: "a card that the guest has a driver for: docs/gpus.md lists them",
    remedy: "give the card to a machine with another image or version",
  },
];

test("the estate that each of them changes is accepted", () => {
  expect(problemsOf({})).toEqual([]);
});

test.each(refusals)("refused: $title", ({ change, path, value, allowed, remedy }) => {
  const [problem, ...others] = problemsOf(change);
  expect(others).toEqual([]);
  expect([problem?.path, problem?.allowed]).toEqual([path, allowed]);
  expect(problem?.problem).toContain(value);
  expect(problem?.remedy).toContain(remedy);
});
