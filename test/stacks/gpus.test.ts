import { base, withValue } from "./fixtures";
import { refusal } from "./refuse";

/** The compliant estate with other values at these paths. */
function changed(changes: Readonly<Record<string, unknown>>): string {
  return refusal(Object.entries(changes).reduce((spec, [path, value]) => withValue(spec, path, value), base()));
}

/** A second worker with a card of 12 GiB on another host, before the one with 24 GiB. */
const twoWorkers = {
  "machines.cp2.gpu": "a2000",
  "machines.cp2.role": "talos-worker",
  "clusters.core.workers": ["cp2", "gpu1"],
  "clusters.edge": undefined,
};

test("one group number on two hosts is two groups", () => {
  expect(changed({ "hosts.pve1.gpus.rtx4090.iommuGroup": 1, "hosts.pve2.gpus.a2000.iommuGroup": 1 })).toBe("accepted");
});

test("pods find their cards in whatever order both are declared", () => {
  const small = { chart: "ollama", on: "core", replicas: 1, gpus: 1, models: ["gemma3:4b"] };
  expect(changed({ ...twoWorkers, "apps.small": small, "apps.ollama.models": ["gemma3:27b"] })).toBe("accepted");
});

test("the card of a stopped node holds no model", () => {
  const change = { ...twoWorkers, "machines.gpu1.started": false, "apps.ollama.models": ["gemma3:27b"] };
  expect(changed(change)).toContain(
    "need 16.4 GiB of VRAM (gemma3:27b 16.4 GiB), and the largest card that a pod can get has 12 GiB",
  );
});

test("models of another cluster need nothing of this one's cards", () => {
  const edge = {
    kind: "talos",
    kubernetes: "1.34.3",
    talos: "1.12.0",
    controlPlanes: ["cp2"],
    podCidr: "10.60.0.0/16",
    serviceCidr: "10.61.0.0/16",
  };
  const other = { chart: "ollama", on: "edge", replicas: 1, gpus: 1, models: ["phi4:14b"] };
  const change = { "clusters.edge": edge, "machines.cp2.gpu": "a2000", "apps.other": other };
  expect(changed({ ...change, "apps.ollama.models": ["gemma3:27b"] })).toBe("accepted");
});
