import { installerOf } from "../../../providers/talos/backends/image";
import { kubernetesOfTalos } from "../../../stacks/checks/versions";
import { kubernetesOf, minorOf, versionPairProblem } from "../../../providers/talos/versions";

test.each([
  ["1.12.0", "1.34.3"],
  ["v1.12.0", "v1.30.0"],
  ["1.13.1", "1.36.2"],
  ["1.14.0-alpha.1", "1.37.0"],
])("Talos %s runs Kubernetes %s", (talos, kubernetes) => {
  expect(versionPairProblem(talos, kubernetes)).toBeUndefined();
});

test.each([
  [
    "1.12.0",
    "1.36.0",
    "Kubernetes 1.36.0 does not run on Talos 1.12, which has Kubernetes 1.30 to 1.35; change one of the two",
  ],
  [
    "1.13.0",
    "1.37.0",
    "Kubernetes 1.37.0 does not run on Talos 1.13, which has Kubernetes 1.31 to 1.36; change one of the two",
  ],
  [
    "1.14.0",
    "1.31.9",
    "Kubernetes 1.31.9 does not run on Talos 1.14, which has Kubernetes 1.32 to 1.37; change one of the two",
  ],
  ["1.9.0", "1.32.0", "Talos 1.9.0 is not one of the versions known here: 1.10.x, 1.11.x, 1.12.x, 1.13.x, 1.14.x"],
  ["latest", "1.32.0", "Talos latest is not one of the versions known here: 1.10.x, 1.11.x, 1.12.x, 1.13.x, 1.14.x"],
])("Talos %s does not run Kubernetes %s", (talos, kubernetes, expected) => {
  expect(versionPairProblem(talos, kubernetes)).toBe(expected);
});

test("every Talos known runs six minor versions, each beginning one later than the one before", () => {
  expect([...kubernetesOf.values()]).toEqual([28, 29, 30, 31, 32].map((oldest) => [oldest, oldest + 5]));
});

test("a spec is held to the same pairs as the provider holds a machine to", () => {
  expect(kubernetesOfTalos.size).toBeGreaterThan(0);
  for (const [talos, range] of kubernetesOfTalos) expect([talos, range]).toEqual([talos, kubernetesOf.get(talos)]);
});

test.each([
  ["1.12", "1.12"],
  ["v1.12.3-rc.0", "1.12"],
  ["1", undefined],
  ["1.12.x", undefined],
])("the minor version of %s is %s", (version, expected) => {
  expect(minorOf(version)).toBe(expected);
});

test("the installer is the one that is named, else the schematic's, else the plain one", () => {
  expect(installerOf("1.12.0", "abc", "mine")).toBe("mine");
  expect(installerOf("1.12.0", "abc", undefined)).toBe("factory.talos.dev/metal-installer/abc:v1.12.0");
  expect(installerOf("1.12.0", undefined, undefined)).toBe("ghcr.io/siderolabs/installer:v1.12.0");
});
