import fc from "fast-check";
import {
  describeStep,
  type NodeVersions,
  planUpgrade,
  type UpgradeStep,
} from "../../../components/clusters/talosCluster/upgrade.plan";
import { loadStack } from "../../../stacks";

/** The order of an upgrade, as data. That `up` keeps it is shown by test/machines/talos/upgrade.test.ts. */

const { core: declared } = loadStack("prod").clusters;
if (declared?.kind !== "talos") throw new Error("prod has no Talos cluster core");
const cluster = { ...declared, controlPlanes: ["cp1", "cp2", "cp3"], workers: ["w1", "w2"] };
const names = [...cluster.controlPlanes, ...cluster.workers];
const wanted = { ...cluster, talos: "1.13.2", kubernetes: "1.35.1" };
const all = (talos: string, kubernetes: string): Record<string, NodeVersions> =>
  Object.fromEntries(names.map((name) => [name, { talos, kubernetes }]));
const lines = (steps: readonly UpgradeStep[]): string[] => steps.map(describeStep);

test("preflight, snapshot, control planes one by one, workers one by one, then Kubernetes after another snapshot", () => {
  const { steps, problems } = planUpgrade(wanted, all("1.12.0", "1.34.3"));
  expect(problems).toEqual([]);
  expect(lines(steps)).toEqual([
    "preflight: every member of etcd and every control plane is well",
    "snapshot of etcd on cp1, verified, before Talos 1.13.2",
    "cp1: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "cp2: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "cp3: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "w1: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "w2: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "snapshot of etcd on cp1, verified, before Kubernetes 1.35.1",
    "Kubernetes 1.34.3 -> 1.35.1 on cp1, cp2, cp3, w1, w2: API servers first, kubelets last",
  ]);
});

test("what is as it should be has no step", () => {
  expect(planUpgrade(wanted, all("1.13.2", "1.35.1"))).toEqual({ steps: [], problems: [] });
});

test("the plan of an interrupted upgrade is its rest: no second snapshot for Talos, no node twice", () => {
  const present = { ...all("1.12.0", "1.34.3"), cp1: { talos: "1.13.2", kubernetes: "1.34.3" } };
  expect(lines(planUpgrade({ ...wanted, kubernetes: "1.34.3" }, present).steps)).toEqual([
    "preflight: every member of etcd and every control plane is well",
    "cp2: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "cp3: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "w1: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
    "w2: Talos 1.12.0 -> 1.13.2 (Talos drains it); then all is well again",
  ]);
});

test("a node that is not there yet is created with its versions, not upgraded", () => {
  const others = Object.entries(all("1.13.2", "1.35.1")).filter(([name]) => name !== "w2");
  expect(planUpgrade(wanted, Object.fromEntries(others)).steps).toEqual([]);
});

test.each([
  [
    { talos: "1.14.0", kubernetes: "1.35.1" },
    all("1.12.0", "1.34.3"),
    ["from Talos 1.12.0 to 1.14.0 is more than one minor version: go to 1.13 first, then on from there"],
  ],
  [
    { talos: "1.12.0", kubernetes: "1.35.0" },
    all("1.12.0", "1.33.0"),
    ["from Kubernetes 1.33.0 to 1.35.0 is more than one minor version: go to 1.34 first, then on from there"],
  ],
  [
    { talos: "1.12.0", kubernetes: "1.33.0" },
    all("1.12.0", "1.34.3"),
    ["Kubernetes does not go back from 1.34.3 to 1.33.0: name 1.34.3 again"],
  ],
  [
    { talos: "1.12.0", kubernetes: "1.36.0" },
    all("1.12.0", "1.35.1"),
    ["Kubernetes 1.36.0 does not run on Talos 1.12, which has Kubernetes 1.30 to 1.35; change one of the two"],
  ],
  [
    { talos: "1.13.0", kubernetes: "1.31.0" },
    all("1.12.0", "1.30.0"),
    [
      "Talos is upgraded before Kubernetes, and then Kubernetes 1.30.0 does not run on Talos 1.13, which has Kubernetes 1.31 to " +
        "1.36; change one of the two: bring the other Kubernetes up first, then this Talos",
    ],
  ],
])("%j is refused, once", (versions, present, expected) => {
  expect(planUpgrade({ ...cluster, ...versions }, present)).toEqual({ steps: [], problems: expected });
});

test("whatever was interrupted: a snapshot before the first control plane, control planes before workers, each node once, Kubernetes last", () => {
  const versions = fc.record({
    talos: fc.constantFrom("1.12.0", "1.13.2"),
    kubernetes: fc.constantFrom("1.34.3", "1.35.1"),
  });
  fc.assert(
    fc.property(fc.tuple(versions, versions, versions, versions, versions), (found) => {
      const present = Object.fromEntries(names.flatMap((name, index) => [[name, found[index] ?? found[0]]]));
      const { steps } = planUpgrade(wanted, present);
      const upgraded = steps.flatMap((step) => (step.kind === "talos" ? [step.node] : []));
      expect(upgraded).toEqual(names.filter((name) => present[name]?.talos === "1.12.0"));
      const begun = cluster.controlPlanes.some((name) => present[name]?.talos === "1.13.2");
      const firstIsControlPlane = cluster.controlPlanes.includes(upgraded[0] ?? "");
      const kinds = steps.map(({ kind }) => kind);
      if (firstIsControlPlane && !begun) expect(kinds.indexOf("snapshot")).toBe(kinds.indexOf("talos") - 1);
      if (kinds.includes("kubernetes")) expect(kinds.slice(-2)).toEqual(["snapshot", "kubernetes"]);
      expect(kinds.length === 0 || kinds[0] === "preflight").toBe(true);
    }),
  );
});
