import * as pulumi from "@pulumi/pulumi";
import { TalosCluster } from "../../../components/clusters/talosCluster/talosCluster";
import { tokens } from "../../../components/tokens";
import { loadStack } from "../../../stacks";
import type { Gpu } from "../../../stacks/estate";
import { record, valueOf } from "../../support/record";

/** A cluster's resources, by mocks. What Talos makes of them, and that one waits for the other, is for the engine's tests. */

const { core } = loadStack("prod").clusters;
if (core?.kind !== "talos") throw new Error("prod has no Talos cluster core");

const sentinels = { machineSecrets: "machine-secrets-of-this-test", key: "client-key-of-this-test" };
const configs = { kubeconfig: "kubeconfig-of-this-test", talosconfig: "talosconfig-of-this-test" };

function outputs(type: string): Record<string, unknown> {
  if (type === "talos:index:Cluster") return configs;
  if (type !== "talos:index:Secrets") return {};
  const clientConfiguration = { ca: "ca", crt: "crt", key: sentinels.key };
  return { machineSecrets: sentinels.machineSecrets, clientConfiguration, contract: "1.12" };
}

const card: Gpu = { slot: "0000:01:00", device: "10de:2204", companions: [], vram: "24 GiB", architecture: "ampere" };

interface Places {
  readonly world?: string;
  readonly snapshots?: string;
  readonly endpoints?: Readonly<Record<string, string>>;
}

const create =
  ({ endpoints = {}, ...places }: Places = {}) =>
  () => {
    const node = (name: string, address: string, role: "control-plane" | "worker", gpu?: Gpu) => ({
      address: pulumi.output(address),
      role,
      gpu,
      ...(endpoints[name] === undefined ? {} : { endpoint: endpoints[name] }),
    });
    return new TalosCluster("core", {
      cluster: core,
      nodes: {
        cp1: node("cp1", "192.168.10.111", "control-plane"),
        cp2: node("cp2", "192.168.10.112", "control-plane"),
        cp3: node("cp3", "192.168.10.113", "control-plane"),
        gpu1: node("gpu1", "192.168.10.121", "worker", card),
      },
      subnets: ["192.168.10.0/24"],
      ...places,
    });
  };

test.each([false, true])("identity, preview %s", async (preview) => {
  const { registrations } = await record(create(), { preview, outputs });
  expect(registrations.map(({ type, name }) => [type, name]).sort()).toEqual([
    [tokens.talosCluster, "core"],
    ["pulumi:providers:kubernetes", "core-kubernetes"],
    ["pulumi:providers:talos", "core-talos"],
    ["talos:index:Cluster", "core-cluster"],
    ["talos:index:Machine", "core-cp1"],
    ["talos:index:Machine", "core-cp2"],
    ["talos:index:Machine", "core-cp3"],
    ["talos:index:Machine", "core-gpu1"],
    ["talos:index:Secrets", "core-secrets"],
  ]);
});

test("order: control planes are registered one after another, then the worker, then the cluster", async () => {
  const { registrations } = await record(create(), { outputs });
  const order = registrations
    .filter(({ type }) => /^talos:index:(Machine|Cluster)$/.test(type))
    .map(({ name }) => name);
  expect(order).toEqual(["core-cp1", "core-cp2", "core-cp3", "core-gpu1", "core-cluster"]);
});

test("wiring: a control plane", async () => {
  const { one } = await record(create(), { outputs });
  expect(one("talos:index:Machine", "core-cp2").inputs).toMatchObject({
    node: "192.168.10.112",
    machineType: "controlplane",
    clusterName: "core",
    clusterEndpoint: "https://192.168.10.110:6443",
    secrets: sentinels.machineSecrets,
    kubernetesVersion: "1.34.3",
    talosVersion: "1.12.0",
    contract: "1.12",
    installImage: expectedImage,
    // Or etcd would count a control plane that was taken out of the spec for ever.
    onDestroy: "reset",
  });
});

const expectedImage =
  "factory.talos.dev/nocloud-installer/ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515:v1.12.0";

test("wiring: the worker with the card", async () => {
  const { one } = await record(create(), { outputs });
  const { inputs } = one("talos:index:Machine", "core-gpu1");
  const controlPlane = { node: "192.168.10.111" };
  expect(inputs).toMatchObject({ node: "192.168.10.121", machineType: "worker", controlPlane });
  expect(JSON.stringify(inputs["patches"])).toContain('"nvidia.com/gpu.present":"true"');
});

test("wiring: the cluster is bootstrapped on the first control plane", async () => {
  const { one } = await record(create(), { outputs });
  expect(one("talos:index:Cluster").inputs).toMatchObject({
    clusterName: "core",
    bootstrapNode: "192.168.10.111",
    endpoint: "192.168.10.110",
    nodes: ["192.168.10.111", "192.168.10.112", "192.168.10.113", "192.168.10.121"],
    kubernetesVersion: "1.34.3",
  });
});

test("wiring: a node with an endpoint of its own is asked there, by its Machine and by those that need a control plane", async () => {
  const endpoints = { cp1: "127.0.0.1:50111", gpu1: "127.0.0.1:50121" };
  const { one, registrations } = await record(create({ endpoints }), { outputs });
  expect(one("talos:index:Machine", "core-cp1").inputs["endpoint"]).toBe(endpoints.cp1);
  expect(one("talos:index:Machine", "core-gpu1").inputs).toMatchObject({
    endpoint: endpoints.gpu1,
    controlPlane: { node: "192.168.10.111", endpoint: endpoints.cp1 },
  });
  expect(one("talos:index:Cluster").inputs["bootstrapEndpoint"]).toBe(endpoints.cp1);
  const elsewhere = await record(create(), { outputs });
  expect(JSON.stringify(elsewhere.registrations.map(({ inputs }) => inputs))).not.toContain('ndpoint":"127');
  expect(registrations).toHaveLength(elsewhere.registrations.length);
});

test("wiring: snapshots go where they are told to, and the state does not say where", async () => {
  const { registrations, one } = await record(create({ snapshots: "/backups" }), { outputs });
  expect(one("pulumi:providers:talos").inputs).toEqual({ snapshots: "/backups" });
  expect(registrations.filter(({ inputs }) => JSON.stringify(inputs).includes("/backups"))).toHaveLength(1);
});

test("wiring: the Kubernetes provider keeps to this cluster and forgets nothing", async () => {
  const { one } = await record(create(), { outputs });
  expect(one("pulumi:providers:kubernetes").inputs).toMatchObject({
    kubeconfig: configs.kubeconfig,
    clusterIdentifier: "core",
    deleteUnreachable: "false",
    enableServerSideApply: "true",
  });
});

test("the world goes to the Talos provider only", async () => {
  const { registrations, one } = await record(create({ world: "/lab/world.json" }), { outputs });
  expect(one("pulumi:providers:talos").inputs).toEqual({ world: "/lab/world.json" });
  expect(registrations.filter(({ inputs }) => JSON.stringify(inputs).includes("/lab/"))).toHaveLength(1);
});

test("without a world the Talos provider is real", async () => {
  const { one } = await record(create(), { outputs });
  expect(one("pulumi:providers:talos").inputs).toEqual({});
});

test("secrets are secret wherever they go", async () => {
  const { registrations, result } = await record(create(), { outputs });
  const values = [...Object.values(sentinels), ...Object.values(configs)];
  const holders = registrations.filter(({ inputs }) => values.some((value) => JSON.stringify(inputs).includes(value)));
  expect(holders.map(({ name, secrets }) => [name, [...secrets].sort()])).toEqual([
    ["core-cp1", ["clientConfiguration", "secrets"]],
    ["core-cp2", ["clientConfiguration", "secrets"]],
    ["core-cp3", ["clientConfiguration", "secrets"]],
    ["core-gpu1", ["clientConfiguration", "secrets"]],
    ["core-cluster", ["clientConfiguration"]],
    ["core-kubernetes", ["kubeconfig"]],
  ]);
  expect(await Promise.all([pulumi.isSecret(result.kubeconfig), pulumi.isSecret(result.talosconfig)])).toEqual([
    true,
    true,
  ]);
});

test("outputs", async () => {
  const { result } = await record(create(), { outputs });
  const found = await Promise.all([valueOf(result.endpoint), valueOf(result.kubeconfig), valueOf(result.talosconfig)]);
  expect(found).toEqual(["https://192.168.10.110:6443", configs.kubeconfig, configs.talosconfig]);
});

test("refuses everything wrong at once", async () => {
  const nodes = { cp1: { address: "192.168.10.111", role: "worker" } } as const;
  const cluster = { ...core, controlPlanes: ["cp1", "cp2"], workers: [], talos: "1.11.0" };
  await expect(record(() => new TalosCluster("core", { cluster, nodes, subnets: [] }))).rejects.toThrow(
    'TalosCluster "core" has 5 problems:\n' +
      "  cluster.controlPlanes: are 2, expected an odd number: add or remove one\n" +
      '  cluster.talos: is "1.11.0", expected 1.12 or later: the machine configuration has documents of 1.12\n' +
      "  subnets: is empty, so that the nodes' firewalls would keep everybody out: give the networks of the nodes\n" +
      '  nodes.cp1.role: is "worker", expected "control-plane": correct one of the two\n' +
      "  nodes.cp2: is missing, expected a control-plane: add it",
  );
});
