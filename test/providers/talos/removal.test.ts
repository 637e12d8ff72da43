import { messageOf, type Resource } from "../support";

import type { Rule } from "./fakeTalosctl";
import { FakeKubernetes } from "./kubernetes";
import { ScriptedTalosctl } from "./scriptedTalosctl";
import { clientConfiguration, engineWith, machineSecrets } from "./talosctl";

// Against a scripted talosctl and a Kubernetes API on loopback. What becomes of a machine is for test/machines/talos.

const type = "talos:index:Machine";
const script = new ScriptedTalosctl();
const engine = engineWith(script);
const args = {
  ...{ node: "10.0.0.13", machineType: "controlplane", clusterName: "core", clusterEndpoint: "https://10.0.0.10:6443" },
  ...{ secrets: machineSecrets, clientConfiguration, kubernetesVersion: "1.34.3", talosVersion: "1.12.0" },
  ...{ installImage: "factory/x:v1.12.0", onDestroy: "reset" },
};
const config = 'machine:\n  kubelet: {image: "x:v1.34.3"}\ncluster: {}\n';
const members = (...addresses: string[]): Rule => ({
  on: "etcd members",
  stdout: `NODE   ID   HOSTNAME   PEER URLS\n${addresses.map((address) => `x   1a   y   https://${address}:2380\n`).join("")}`,
});
const status = (errors = ""): string => `MEMBER   LEADER   LEARNER   ERRORS\n1a   1a   false   ${errors}\n`;
const well: Rule[] = [
  { on: "etcd status", stdout: status() },
  {
    on: "get machinestatus machine --output json ",
    stdout: JSON.stringify({ spec: { stage: "running", status: { ready: true } } }),
  },
];
const unknown = { on: "get machinestatus machine --insecure", fails: "tls: certificate required" };
const wiped = { on: "get machinestatus machine --insecure", stdout: "maintenance" };
let api: FakeKubernetes;
let kubeconfig: Rule;

beforeAll(async () => {
  api = await FakeKubernetes.start();
  const text = await api.kubeconfig();
  kubeconfig = { on: "kubeconfig", writes: { after: "kubeconfig", text } };
  const node = { metadata: { name: "gone" }, status: { addresses: [{ address: "10.0.0.13" }] } };
  const other = { metadata: { name: "stays" }, status: { addresses: [{ address: "10.0.0.12" }] } };
  api.answers = {
    "GET /api/v1/nodes": [200, JSON.stringify({ items: [other, node] })],
    "DELETE /api/v1/nodes/gone": [200, "{}"],
  };
});

afterAll(() => api.stop());

const make = (change: object = {}): Promise<Resource> => {
  script.rules({ on: "gen config", stdout: config }, { on: "apply-config" });
  return engine.create(type, { ...args, ...change });
};
const resets = (): string[] => script.lines().filter((line) => line.startsWith("reset"));

test("a control plane leaves etcd, is wiped, and its Node goes", async () => {
  const made = await make();
  script.rules(
    ...[{ ...unknown, times: 2 }, members("10.0.0.11", "10.0.0.12", "10.0.0.13"), ...well, kubeconfig],
    ...[{ on: "reset" }, wiped],
  );
  await engine.delete(type, made);
  expect(resets()).toEqual(["reset --graceful --reboot --wait=false"]);
  expect(api.asked.splice(0)).toEqual(["GET /api/v1/nodes", "DELETE /api/v1/nodes/gone"]);
});

test("a control plane stays while another member is not well: etcd could lose its majority", async () => {
  const made = await make();
  const sick = { on: "etcd status", node: "10.0.0.12", stdout: status("alarm:CORRUPT") };
  script.rules(unknown, members("10.0.0.11", "10.0.0.12", "10.0.0.13"), sick, ...well, { on: "reset" });
  expect(await messageOf(engine.delete(type, made))).toBe(
    "taking 10.0.0.13 out of core: not all is well:\n  etcd member 1a on 10.0.0.12: alarm:CORRUPT",
  );
  expect(resets()).toEqual([]);
});

test("the last control plane ends the cluster: nobody is left to be asked", async () => {
  const made = await make();
  script.rules({ ...unknown, times: 1 }, members("10.0.0.13"), ...well, { on: "reset" }, wiped);
  await engine.delete(type, made);
  expect(resets()).toEqual(["reset --graceful=false --reboot --wait=false"]);
  expect(api.asked.splice(0)).toEqual([]);
});

test("a worker's Node goes by way of a control plane", async () => {
  const controlPlane = { node: "10.0.0.11", endpoint: "127.0.0.1:50001" };
  const made = await make({ machineType: "worker", controlPlane });
  script.rules({ ...unknown, times: 1 }, { ...kubeconfig, node: "10.0.0.11" }, { on: "reset" }, wiped);
  await engine.delete(type, made);
  expect(script.asked()).toEqual([
    ...["get machinestatus machine 10.0.0.13", "kubeconfig 10.0.0.11", "reset 10.0.0.13"],
    "get machinestatus machine 10.0.0.13",
  ]);
  expect(api.asked.splice(0)).toHaveLength(2);
});

test("what a killed run has wiped is not asked for anything more", async () => {
  const made = await make();
  script.rules(wiped);
  await engine.delete(type, made);
  expect(script.asked()).toEqual(["get machinestatus machine 10.0.0.13"]);
});

test("a node that does not come back is an error with what to do", async () => {
  const made = await make({ machineType: "worker" });
  script.rules(unknown, { on: "reset" });
  expect(await messageOf(engine.delete(type, made))).toBe(
    "taking 10.0.0.13 out of core: it was told to wipe itself and did not come back in maintenance mode. See its console; when " +
      "the machine is gone for good, run up again after `pulumi state delete` of its resource.",
  );
});

test("a node is left as it is when nobody asked to wipe it", async () => {
  const made = await make({ onDestroy: "leave" });
  script.rules();
  await engine.delete(type, made);
  expect(script.lines()).toEqual([]);
});
