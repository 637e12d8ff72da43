import { identityOf, nodeFactsOf, type NodeHardware } from "../../../lab/kubernetes";
import { MachineConfigs, scratch } from "./support";

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const folder = scratch();
const hardware: NodeHardware = {
  ...{ address: "192.168.10.111", cores: 4, memory: 8 * 1024 ** 3, gpus: 1 },
  ...{ talos: "1.12.0", ready: true, cordoned: false },
};
let configs: MachineConfigs;

beforeAll(async () => {
  configs = await MachineConfigs.create(folder);
});

test("a cluster is what the configuration of its control plane says", async () => {
  const patch = { cluster: { network: { podSubnets: ["10.0.0.0/16"] }, apiServer: { certSANs: ["api.example.com"] } } };
  const identity = identityOf(await configs.of("cp1", "controlplane", patch));
  expect(identity).toMatchObject({
    ...{ name: "core", endpoint: "https://192.168.10.110:6443", kubernetes: "1.34.3", dnsDomain: "cluster.local" },
    ...{ podSubnets: ["10.0.0.0/16"], serviceSubnets: ["10.96.0.0/12"], certSANs: ["api.example.com"] },
    admissionControl: [{ name: "PodSecurity", configuration: { defaults: { enforce: "baseline" } } }],
  });
  expect(identity.ca.key).toMatch(/^-----BEGIN EC PRIVATE KEY-----/);
  expect(identity.serviceAccountKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
  expect(identity.secretboxEncryptionSecret).toMatch(/=$/);
});

test("a worker's configuration has no authorities, and the error names no value", async () => {
  const worker = await configs.of("w1", "worker");
  expect(() => identityOf(worker)).toThrow(/^This is not the configuration of a control plane:\ncluster\.ca\.key: /);
  expect(() => identityOf("machine: {}")).toThrow(
    "This is not the configuration of a control plane:\ncluster: Invalid input: expected object, received undefined",
  );
});

test("a node is what the configuration of its machine says", async () => {
  const machine = {
    nodeLabels: { rack: "7" },
    nodeTaints: { "example.com/gpu": "only:NoSchedule", "example.com/slow": "PreferNoSchedule" },
  };
  expect(nodeFactsOf(await configs.of("w1", "worker", { machine }), hardware)).toEqual({
    ...hardware,
    ...{ name: "w1", controlPlane: false, kubelet: "1.34.3", labels: { rack: "7" } },
    taints: [
      { key: "example.com/gpu", value: "only", effect: "NoSchedule" },
      { key: "example.com/slow", effect: "PreferNoSchedule" },
    ],
  });
});

test("a control plane keeps workloads off unless it is told otherwise", async () => {
  const alone = nodeFactsOf(await configs.of("cp1", "controlplane"), hardware);
  const role = "node-role.kubernetes.io/control-plane";
  expect(alone).toMatchObject({ controlPlane: true, taints: [{ key: role, effect: "NoSchedule" }] });
  expect(alone.labels).toEqual({ [role]: "", "node.kubernetes.io/exclude-from-external-load-balancers": "" });
  const shared = { cluster: { allowSchedulingOnControlPlanes: true } };
  expect(nodeFactsOf(await configs.of("cp1", "controlplane", shared), hardware).taints).toEqual([]);
});

test("a machine without a declared name is refused", async () => {
  const config = (await configs.of("w1", "worker")).replace("hostname: w1", "");
  expect(() => nodeFactsOf(config, hardware)).toThrow("The machine configuration names no host");
});
