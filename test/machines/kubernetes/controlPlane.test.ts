import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freeTcpPort } from "../../../lab/control/ports";
import {
  findKubernetes,
  identityOf,
  type Kubernetes,
  type KubernetesRequest,
  type NodeFacts,
  nodeFactsOf,
  type NodeHardware,
  registerNodes,
  startKubernetes,
} from "../../../lab/kubernetes";
import { Kubectl, kubernetesTools, listenersOf, MachineConfigs, scratch, toolPath } from "./support";

// Building the control plane takes minutes where it is not in the cache yet.
jest.setTimeout(1_800_000);

const GiB = 1024 ** 3;
// Before the folder is removed, with which it would be lost.
afterAll(async () => {
  await findKubernetes(request.directory)?.stop();
});
const folder = scratch();
const hardware: NodeHardware = {
  ...{ address: "192.168.10.111", cores: 4, memory: 8 * GiB, disk: 100 * GiB, gpus: 0 },
  ...{ talos: "1.12.0", ready: true, cordoned: false },
};
const controlPlaneRole = "node-role.kubernetes.io/control-plane";
const label = { machine: { nodeLabels: { "nvidia.com/gpu.present": "true" } } };

let request: KubernetesRequest;
let kubernetes: Kubernetes;
let kubectl: Kubectl;
let facts: Record<"cp1" | "w1" | "gpu1", NodeFacts>;

beforeAll(async () => {
  const configs = await MachineConfigs.create(folder);
  const controlPlane = await configs.of("cp1", "controlplane");
  facts = {
    cp1: nodeFactsOf(controlPlane, hardware),
    w1: nodeFactsOf(await configs.of("w1", "worker"), { ...hardware, address: "192.168.10.121" }),
    gpu1: nodeFactsOf(await configs.of("gpu1", "worker", label), { ...hardware, address: "192.168.10.122", gpus: 1 }),
  };
  request = {
    ...{ directory: join(folder, "core"), tools: await kubernetesTools() },
    ...{ identity: identityOf(controlPlane), port: await freeTcpPort() },
  };
  kubernetes = await startKubernetes(request);
  kubectl = new Kubectl(await toolPath("kubectl"), kubernetes.kubeconfig);
  await registerNodes(kubernetes, Object.values(facts));
  await kubectl.until("True True True", "get", "nodes", "-o", readiness);
  // Those of a node that is not ready go a moment later.
  await kubectl.until(controlPlaneRole, "get", "nodes", "-o", "jsonpath={.items[*].spec.taints[*].key}");
});

const readiness = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}';

function pidsOf(running: Kubernetes | undefined): (number | undefined)[] | undefined {
  return running?.components().map(({ pid }) => pid);
}

/** Whether a process has ended, and been collected by this one, which takes a moment. */
async function gone(pid: number): Promise<boolean> {
  const until = Date.now() + 1_000;
  while (existsSync(`/proc/${pid}`) && Date.now() < until) await sleep(20);
  return !existsSync(`/proc/${pid}`);
}

/** A pod that is admitted everywhere, but for what is said otherwise. */
function pod(name: string, container: object = {}, spec: object = {}): object {
  const image = "registry.invalid/nothing:1";
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
    spec: { ...spec, containers: [{ name: "main", image, ...container }] },
  };
}

test("who has a kubeconfig of the cluster's authority sees its machines as nodes", async () => {
  const columns = [
    ...["NAME:.metadata.name", "VERSION:.status.nodeInfo.kubeletVersion", "OS:.status.nodeInfo.osImage"],
    ...["ADDRESS:.status.addresses[0].address", "CPU:.status.capacity.cpu", "FREE:.status.allocatable.cpu"],
    ...["GPU:.status.capacity.nvidia\\.com/gpu", "TAINT:.spec.taints[*].key"],
  ];
  const table = await kubectl.read("get", "nodes", "-o", `custom-columns=${columns.join(",")}`);
  expect(table.split("\n").map((line) => line.trim().split(/\s{2,}/))).toEqual([
    ["NAME", "VERSION", "OS", "ADDRESS", "CPU", "FREE", "GPU", "TAINT"],
    ["cp1", "v1.34.3", "Talos (v1.12.0)", "192.168.10.111", "4", "3950m", "<none>", controlPlaneRole],
    ["gpu1", "v1.34.3", "Talos (v1.12.0)", "192.168.10.122", "4", "3950m", "1", "<none>"],
    ["w1", "v1.34.3", "Talos (v1.12.0)", "192.168.10.121", "4", "3950m", "<none>", "<none>"],
  ]);
  expect(await kubectl.read("get", "nodes", "-l", "nvidia.com/gpu.present=true", "-o", "name")).toBe("node/gpu1");
});

test("a pod that wants a card runs where there is one, and a second one waits", async () => {
  const card = { resources: { limits: { "nvidia.com/gpu": "1" } } };
  await kubectl.apply(pod("first", card));
  await kubectl.until("gpu1 Running", "get", "pod", "first", "-o", "jsonpath={.spec.nodeName} {.status.phase}");
  await kubectl.apply(pod("second", card));
  const waits = 'jsonpath={.status.phase} {.status.conditions[?(@.type=="PodScheduled")].reason}';
  await kubectl.until("Pending Unschedulable", "get", "pod", "second", "-o", waits);
  await kubectl.read("delete", "pod", "first", "second");
});

test("nothing is sent to nodes, whose addresses are made up", async () => {
  await kubectl.apply(pod("silent"));
  await kubectl.until("Running", "get", "pod", "silent", "-o", "jsonpath={.status.phase}");
  const { code, said } = await kubectl.run(["logs", "silent"]);
  expect([code, said]).toEqual([1, expect.stringContaining("no-pod-network-in-the-lab")]);
  await kubectl.read("delete", "pod", "silent");
});

test("Pod Security refuses a privileged pod by default, but not the cluster's own", async () => {
  const privileged = { securityContext: { privileged: true } };
  const { code, said } = await kubectl.apply(pod("privileged", privileged));
  expect([code, said]).toEqual([1, expect.stringContaining('violates PodSecurity "baseline:latest": privileged')]);
  const system = { ...pod("privileged", privileged), metadata: { name: "privileged", namespace: "kube-system" } };
  expect((await kubectl.apply(system)).code).toBe(0);
});

test("secrets are encrypted at rest, and nothing else is", async () => {
  await kubectl.read("create", "secret", "generic", "hidden", "--from-literal=value=what-nobody-reads");
  await kubectl.read("create", "configmap", "shown", "--from-literal=value=what-everybody-reads");
  const data = join(request.directory, "data");
  const files = readdirSync(data, { recursive: true, encoding: "utf8" }).map((name) => join(data, name));
  const kept = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, "latin1"));
  expect(kept.some((text) => text.includes("what-everybody-reads"))).toBe(true);
  expect(kept.some((text) => text.includes("what-nobody-reads"))).toBe(false);
});

test("nothing but the API and etcd listens, and on loopback only", () => {
  const loopback = "0100007F:";
  const kept: unknown = JSON.parse(readFileSync(join(request.directory, "ports.json"), "utf8"));
  const ports = z.record(z.string(), z.number()).parse(kept);
  const expected = Object.values(ports).map((port) => `${loopback}${port.toString(16).toUpperCase().padStart(4, "0")}`);
  const pids = kubernetes.components().map(({ pid }) => pid ?? 0);
  expect(pids.flatMap(listenersOf).sort()).toEqual(expected.sort());
});

test("a workload is available when its pods have started, and a job completes", async () => {
  await kubectl.read("create", "deployment", "web", "--image=registry.invalid/web:1", "--replicas=2");
  await kubectl.read("create", "job", "once", "--image=registry.invalid/once:1");
  await kubectl.until("2", "get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas}");
  await kubectl.until("1", "get", "job", "once", "-o", "jsonpath={.status.succeeded}");
  await kubectl.read("delete", "deployment/web", "job/once");
  await kubectl.until("No resources found in default namespace.", "get", "pods");
});

test("Talos cordons a node and lifts its own cordon, not that of an administrator", async () => {
  const unschedulable = ["get", "node", "w1", "-o", "jsonpath={.spec.unschedulable}"];
  await registerNodes(kubernetes, [{ ...facts.w1, cordoned: true }]);
  expect(await kubectl.read(...unschedulable)).toBe("true");
  await registerNodes(kubernetes, [facts.w1]);
  expect(await kubectl.read(...unschedulable)).toBe("");
  await kubectl.read("cordon", "w1");
  await registerNodes(kubernetes, [facts.w1]);
  expect(await kubectl.read(...unschedulable)).toBe("true");
  await kubectl.read("uncordon", "w1");
});

test("registering again changes nothing, and what a machine has lost goes", async () => {
  const version = ["get", "node", "gpu1", "-o", "jsonpath={.metadata.labels}{.spec}{.status.capacity}"];
  const before = await kubectl.read(...version);
  await registerNodes(kubernetes, [facts.gpu1]);
  expect(await kubectl.read(...version)).toBe(before);
  await kubectl.read("label", "node", "gpu1", "rack=7");
  await registerNodes(kubernetes, [{ ...facts.gpu1, gpus: 0, labels: {} }]);
  const after = await kubectl.read(...version);
  expect(after).toContain('"rack":"7"');
  expect(after).not.toContain("nvidia.com/gpu");
  await registerNodes(kubernetes, [facts.gpu1]);
});

test("a machine that is off stops its heartbeats: its node is not ready, nor are its pods, until it is on again", async () => {
  await kubectl.apply(pod("there", {}, { nodeName: "w1" }));
  const ready = (what: string) => ["get", what, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'];
  await kubectl.until("True", ...ready("pod/there"));
  await registerNodes(kubernetes, [{ ...facts.w1, ready: false }]);
  await kubectl.until("Unknown", ...ready("node/w1"));
  await kubectl.until("False", ...ready("pod/there"));
  await registerNodes(kubernetes, [facts.w1]);
  await kubectl.until("True", ...ready("node/w1"));
  await kubectl.until("True", ...ready("pod/there"));
});

test("who starts it again, also twice at once, leaves what runs alone", async () => {
  const before = pidsOf(kubernetes);
  const again = await Promise.all([startKubernetes(request), startKubernetes(request)]);
  expect(again.map(pidsOf)).toEqual([before, before]);
  expect(pidsOf(findKubernetes(request.directory))).toEqual(before);
});

test.each([["kube-apiserver"], ["etcd"], ["kwok"]])(
  "what was killed comes back alone, with all it held: %s",
  async (name) => {
    const before = kubernetes.components();
    const victim = before.find((component) => component.name === name)?.pid ?? 0;
    process.kill(victim, "SIGKILL");
    await gone(victim);
    await startKubernetes(request);
    const changed = kubernetes.components().filter(({ pid }, index) => pid !== before[index]?.pid);
    expect(changed.map((component) => component.name)).toEqual([name]);
    expect(await kubectl.read("get", "nodes", "-o", "name")).toBe("node/cp1\nnode/gpu1\nnode/w1");
    await kubectl.apply(pod(`after-${name}`));
    await kubectl.until("Running", "get", "pod", `after-${name}`, "-o", "jsonpath={.status.phase}");
  },
);

test("a directory is one cluster's", async () => {
  const other = identityOf(await (await MachineConfigs.create(folder, "other")).of("cp1", "controlplane"));
  const directory = request.directory;
  await kubernetes.stop();
  await expect(startKubernetes({ ...request, identity: other })).rejects.toThrow(
    `${directory} holds a cluster with another authority than core's. Remove it first.`,
  );
});

test("stopped, nothing of it runs, and started again it holds what it held", async () => {
  await startKubernetes(request);
  const pids = kubernetes.components().flatMap(({ pid }) => pid ?? []);
  await kubernetes.stop();
  expect(await Promise.all(pids.map(gone))).toEqual([true, true, true, true, true]);
  expect(findKubernetes(request.directory)).toBeUndefined();
  await startKubernetes(request);
  expect(await kubectl.read("get", "nodes", "-o", "name")).toBe("node/cp1\nnode/gpu1\nnode/w1");
});
