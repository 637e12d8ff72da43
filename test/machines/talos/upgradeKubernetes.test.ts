import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { TalosMachines, TalosView } from "../../../lab/control/talos";
import { askNodes } from "../../../operations/cli/upgradePlan";
import { talos } from "../../../providers/talos/provider";
import { Authority, FakeKubernetes } from "../../providers/talos/kubernetes";
import { Engine, type Resource, text } from "../../providers/support";
import { ClusterUnderTest } from "./support/cluster";
import { scratch, startMachines, toolPath, until } from "./support/talos";

// The real `talosctl upgrade-k8s`, against machines and an API that shows their nodes and static pods as they are. What it can't
// prove: that the components of a release start, and the manifests. The full lab has a real API server.

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const machineType = "talos:index:Machine";
const clusterType = "talos:index:Cluster";
const folder = scratch();
const snapshots = join(folder, "snapshots");
let machines: TalosMachines;
let world: ClusterUnderTest;
let engine: Engine<unknown>;
let kubernetes: FakeKubernetes;
let secrets: Resource;
let cluster: Resource;
const made = new Map<string, Resource>();

beforeAll(async () => {
  const talosctl = await toolPath("talosctl");
  world = new ClusterUnderTest(talosctl, "127.0.93");
  engine = new Engine(talos, { talosctl, snapshots });
  machines = await startMachines(join(folder, "machines"), Object.values(world.addresses));
  await until(machines, (view) => view.machines.every(({ phase }) => phase === "maintenance"));
  secrets = await engine.create("talos:index:Secrets", { talosVersion: "1.12.0" });
  kubernetes = await FakeKubernetes.start(await Authority.of(text(secrets, "machineSecrets")));
  kubernetes.otherwise = async (line) => show(line, await machines.view());
  await machines.publish("core", kubernetes.url);
  for (const name of Object.keys(world.addresses))
    made.set(name, await engine.create(machineType, world.machineArgs(name, secrets)));
  cluster = await engine.create(clusterType, { ...world.clusterArgs(secrets), kubernetesVersion: "1.34.3" });
  await until(machines, (view) => view.machines.every(({ ready }) => ready));
});

afterAll(async () => {
  await machines.stop();
  await kubernetes.stop();
});

/** What an API server of the cluster would answer. */
function show(line: string, { machines: all }: TalosView): string | undefined {
  const condition = { type: "Ready", status: "True" };
  if (line.startsWith("GET /api/v1/nodes")) {
    const items = all.map(({ address, hostname, type, kubelet }) => ({
      metadata: { name: hostname, labels: type === "worker" ? {} : { "node-role.kubernetes.io/control-plane": "" } },
      status: {
        addresses: [{ type: "InternalIP", address }],
        nodeInfo: { kubeletVersion: `v${kubelet ?? ""}` },
        conditions: [condition],
      },
    }));
    const one = /^GET \/api\/v1\/nodes\/([^?]+)/.exec(line)?.[1];
    const found = items.find(({ metadata }) => metadata.name === one);
    return JSON.stringify(
      one === undefined ? { kind: "NodeList", apiVersion: "v1", items } : { kind: "Node", apiVersion: "v1", ...found },
    );
  }
  if (!line.startsWith("GET /api/v1/namespaces/kube-system/pods")) return undefined;
  const selected = /k8s-app(?:%3D|=)([a-z-]+)/.exec(decodeURIComponent(line))?.[1];
  const items = all.flatMap(({ address, hostname, pods }) =>
    pods.map(({ name, image, config }) => ({
      metadata: {
        name: `${name}-${hostname ?? ""}`,
        namespace: "kube-system",
        labels: { "k8s-app": name },
        annotations: { "talos.dev/config-version": config },
      },
      spec: { nodeName: hostname, containers: [{ name, image }] },
      status: { hostIP: address, phase: "Running", conditions: [condition] },
    })),
  );
  const shown = items.filter(({ metadata }) => selected === undefined || metadata.labels["k8s-app"] === selected);
  return JSON.stringify({ kind: "PodList", apiVersion: "v1", items: shown });
}

const versions = (view: TalosView) => [
  ...new Set(view.machines.flatMap(({ kubelet, pods }) => [kubelet, ...pods.map(({ image }) => image.split(":v")[1])])),
];

test("the nodes keep their Kubernetes until the cluster brings another to all of them, after a snapshot", async () => {
  for (const [name, resource] of made) {
    const args = world.machineArgs(name, secrets, { kubernetesVersion: "1.34.4" });
    made.set(name, await engine.update(machineType, resource, args));
  }
  expect(versions(await machines.view())).toEqual(["1.34.3"]);
  const args = { ...world.clusterArgs(secrets), kubernetesVersion: "1.34.4" };
  expect((await engine.diff(clusterType, cluster, args)).changed).toEqual(["kubernetesVersion"]);
  cluster = await engine.update(clusterType, cluster, args);
  expect(versions(await machines.view())).toEqual(["1.34.4"]);
  expect(readdirSync(snapshots)).toEqual([expect.stringMatching(/^core-\d{8}T\d{6}Z-before-kubernetes-1\.34\.4\.db$/)]);
});

test("then every node has what its machine was given, and nothing is drift", async () => {
  for (const [name, resource] of made) expect([name, await engine.drift(machineType, resource)]).toEqual([name, []]);
  expect(await engine.drift(clusterType, cluster)).toEqual([]);
});

test("the nodes say what they run, through the cluster's talosconfig", async () => {
  const found = await askNodes(await toolPath("talosctl"), text(cluster, "talosconfig"), world.addresses);
  const versions = { talos: "1.12.0", kubernetes: "1.34.4" };
  expect(found).toEqual({ cp1: versions, cp2: versions, cp3: versions, w1: versions });
});
