import { readdirSync, rmSync } from "node:fs";

import { messageOf, type Resource } from "../support";

import type { Rule } from "./fakeTalosctl";
import { FakeKubernetes } from "./kubernetes";
import { ScriptedTalosctl } from "./scriptedTalosctl";
import { clientConfiguration, engineWith, snapshotOf, snapshots, takes } from "./talosctl";

// Against a scripted talosctl. What the real one does with it is for test/machines/talos/upgradeKubernetes.test.ts.

const type = "talos:index:Cluster";
const script = new ScriptedTalosctl();
const engine = engineWith(script);
const args = {
  ...{ clusterName: "core", bootstrapNode: "10.0.0.11", endpoint: "10.0.0.10", nodes: ["10.0.0.11", "10.0.0.21"] },
  ...{ clientConfiguration, kubernetesVersion: "1.34.3" },
};
const next = { ...args, kubernetesVersion: "1.35.1" };
const has = (version: string, more: Partial<Rule> = {}): Rule => ({
  on: "get machineconfig",
  stdout: `machine:\n  kubelet: {image: "x:v${version}"}\ncluster: {}\n`,
  ...more,
});
const well: Rule[] = [
  { on: "etcd members", stdout: "ID   PEER URLS\n1a   https://10.0.0.11:2380\n" },
  { on: "etcd status", stdout: "MEMBER   LEADER   LEARNER   ERRORS\n1a   1a   false\n" },
  { on: "get machinestatus", stdout: JSON.stringify({ spec: { stage: "running", status: { ready: true } } }) },
];
const upgrade = { on: "upgrade-k8s" };
let api: FakeKubernetes;
let kubeconfig: Rule;
let made: Resource;

beforeAll(async () => {
  api = await FakeKubernetes.start();
  kubeconfig = { on: "kubeconfig", writes: { after: "kubeconfig", text: await api.kubeconfig() } };
});

beforeEach(async () => {
  rmSync(snapshots, { recursive: true, force: true });
  script.rules({ on: "bootstrap" }, kubeconfig);
  made = await engine.create(type, args);
});

afterAll(() => api.stop());

/** Nodes are asked for their versions all at once, so these questions come in any order. */
function ordered(asked: readonly string[]): string[] {
  const isVersion = (line: string | undefined): boolean => line?.startsWith("get machineconfig") === true;
  const sorted = [...asked];
  for (let start = 0; start < sorted.length; start++) {
    let end = start;
    while (isVersion(sorted[end])) end++;
    sorted.splice(start, end - start, ...sorted.slice(start, end).sort());
    start = end;
  }
  return sorted;
}

test("all is well, a snapshot, talosctl's upgrade, every node has it, all is well again", async () => {
  script.rules(has("1.34.3", { times: 2 }), has("1.35.1"), ...well, takes(snapshotOf("x")), upgrade);
  await engine.update(type, made, next);
  expect(ordered(script.asked())).toEqual([
    ...["get machineconfig v1alpha1 10.0.0.11", "get machineconfig v1alpha1 10.0.0.21"],
    ...["etcd members 10.0.0.11", "etcd status 10.0.0.11", "get machinestatus machine 10.0.0.11"],
    ...["etcd snapshot 10.0.0.11", "upgrade-k8s 10.0.0.11"],
    ...["get machineconfig v1alpha1 10.0.0.11", "get machineconfig v1alpha1 10.0.0.21"],
    ...["etcd members 10.0.0.11", "etcd status 10.0.0.11", "get machinestatus machine 10.0.0.11"],
  ]);
  expect(script.lines()).toContain("upgrade-k8s --from 1.34.3 --to 1.35.1 --with-docs=false --with-examples=false");
  expect(readdirSync(snapshots)).toEqual([expect.stringMatching(/before-kubernetes-1\.35\.1\.db$/)]);
});

test("what a killed run left undone is done, what it has done is not", async () => {
  script.rules(
    ...[has("1.34.3", { node: "10.0.0.21", times: 1 }), has("1.35.1"), ...well, takes(snapshotOf("x")), upgrade],
  );
  await engine.update(type, made, next);
  expect(script.asked()).toContain("upgrade-k8s 10.0.0.11");
  script.rules(has("1.35.1"));
  await engine.update(type, made, next);
  expect(ordered(script.asked())).toEqual([
    "get machineconfig v1alpha1 10.0.0.11",
    "get machineconfig v1alpha1 10.0.0.21",
  ]);
});

test("a node that still has the old version is an error, and the state keeps it so that the next run goes on", async () => {
  script.rules(has("1.34.3"), ...well, takes(snapshotOf("x")), upgrade);
  expect(await messageOf(engine.update(type, made, next))).toBe(
    "upgrading core to Kubernetes 1.35.1: talosctl is done, and a node still has Kubernetes 1.34.3; run up again, which goes on",
  );
});

test("a node whose Kubernetes was changed behind the back shows as drift of the cluster, too, and is put right", async () => {
  script.rules(has("1.34.3", { node: "10.0.0.11" }), has("1.33.9", { node: "10.0.0.21" }));
  expect(await engine.drift(type, made)).toEqual(["kubernetesVersion"]);
  const seen = (await engine.read(type, made)) ?? made;
  expect((await engine.diff(type, seen, args)).changed).toEqual(["kubernetesVersion"]);
});
