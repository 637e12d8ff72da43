import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { TalosMachines } from "../../../lab/control/talos";
import { toKnown } from "../../../providers/common/values";
import { clientConfiguration } from "../../../providers/talos/talosconfig";
import { messageOf, type Resource, text } from "../../providers/support";
import { Authority, FakeKubernetes } from "../../providers/talos/kubernetes";
import { ClusterUnderTest, watchedTalosctl } from "./support/cluster";
import { scratch, startMachines, toolPath, until } from "./support/talos";

// The real talosctl against machines that check configurations as Talos does. What it can't prove: that Talos boots from
// these configurations, and anything about Kubernetes, which does not run here.

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const machineType = "talos:index:Machine";
const folder = scratch();
const directory = join(folder, "machines");
let machines: TalosMachines;
let world: ClusterUnderTest;
let commandLines: () => string[];
let secrets: Resource;
let kubernetes: FakeKubernetes;
const made = new Map<string, Resource>();

const machine = (name: string): Resource => {
  const found = made.get(name);
  if (found === undefined) throw new Error(`${name} was not made`);
  return found;
};

beforeAll(async () => {
  const talosctl = await watchedTalosctl(folder);
  commandLines = () => talosctl.lines();
  world = new ClusterUnderTest(talosctl.path, "127.0.91");
  machines = await startMachines(directory, Object.values(world.addresses));
  await until(machines, (view) => view.machines.every(({ phase }) => phase === "maintenance"));
});

afterAll(async () => {
  await machines.stop();
  await kubernetes.stop();
});

test("machines in maintenance mode are configured, one of them bootstraps, once", async () => {
  secrets = await world.engine.create("talos:index:Secrets", { talosVersion: "1.12.0" });
  for (const name of Object.keys(world.addresses))
    made.set(name, await world.engine.create(machineType, world.machineArgs(name, secrets)));
  kubernetes = await FakeKubernetes.start(await Authority.of(text(secrets, "machineSecrets")));
  await machines.publish("core", kubernetes.url);
  const cluster = await world.engine.create("talos:index:Cluster", world.clusterArgs(secrets));
  expect(parse(text(cluster, "kubeconfig"))).toMatchObject({
    "current-context": "admin@core",
    clusters: [{ cluster: { server: kubernetes.url } }],
  });
  // As after a kill between the bootstrap and its note in the state.
  await world.engine.create("talos:index:Cluster", world.clusterArgs(secrets));
  const { journal } = await until(machines, (view) => view.machines.every(({ ready }) => ready));
  expect(journal.filter(({ what }) => what === "bootstrap")).toEqual([{ node: "127.0.91.11", what: "bootstrap" }]);
  expect(await world.engine.drift("talos:index:Cluster", cluster)).toEqual([]);
});

test("what was applied is no drift, what was changed behind the back is, and is put right", async () => {
  for (const name of made.keys())
    expect([name, await world.engine.drift(machineType, machine(name))]).toEqual([name, []]);
  const talosconfig = join(folder, "talosconfig");
  const { ca, crt, key } = clientConfiguration.parse(secrets.outputs["clientConfiguration"]);
  writeFileSync(talosconfig, JSON.stringify({ context: "x", contexts: { x: { ca, crt, key } } }), { mode: 0o600 });
  const patch = '{"machine":{"sysctls":{"net.core.somaxconn":"65535"}}}';
  const at = ["--talosconfig", talosconfig, "--endpoints", "127.0.91.21", "--nodes", "127.0.91.21"];
  execFileSync(await toolPath("talosctl"), ["patch", "machineconfig", ...at, "--patch", patch], { stdio: "ignore" });
  expect(await world.engine.drift(machineType, machine("w1"))).toEqual(["configHash"]);
  made.set("w1", await world.engine.update(machineType, machine("w1"), world.machineArgs("w1", secrets)));
  expect(await world.engine.drift(machineType, machine("w1"))).toEqual([]);
});

test("a configuration that Talos refuses is not applied, and the reason is said", async () => {
  const args = world.machineArgs("w1", secrets, {
    patches: [{ machine: { kubelet: { nodeIP: { validSubnets: ["everywhere"] } } } }],
  });
  expect(await messageOf(world.engine.update(machineType, machine("w1"), args))).toBe(
    "configuring 127.0.91.21: talosctl said: error applying new configuration: rpc error: code = InvalidArgument desc = " +
      "configuration validation failed: 1 error occurred:\n\t* v1alpha1.Config: 1 error occurred:\n" +
      '\t* kubelet nodeIP subnet is not valid: "everywhere"',
  );
  const unknown = world.machineArgs("w1", secrets, { patches: [{ machine: { nosuchkey: 1 } }] });
  expect(await messageOf(world.engine.update(machineType, machine("w1"), unknown))).toBe(
    "generating the configuration of 127.0.91.21: talosctl said: error parsing config JSON patch: " +
      "unknown keys found during decoding:\nmachine:\n    nosuchkey: 1",
  );
  expect(await world.engine.drift(machineType, machine("w1"))).toEqual([]);
});

test("a snapshot is etcd's, checked by talosctl, and its owner's only", async () => {
  const path = join(folder, "backups", "etcd.db");
  const client = secrets.outputs["clientConfiguration"];
  const args = toKnown({ node: "127.0.91.11", path, clientConfiguration: client });
  const taken = await world.engine.create("talos:index:EtcdSnapshot", args);
  // The database and its SHA-256.
  expect(statSync(path).size % 512).toBe(32);
  expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
  expect(await world.engine.drift("talos:index:EtcdSnapshot", taken)).toEqual([]);
  const again = await world.engine.update("talos:index:EtcdSnapshot", taken, { ...args, trigger: "2" });
  expect(again.outputs["sha256"]).not.toBe(taken.outputs["sha256"]);
});

test("a machine that is off is an error, never gone; on again it is as it was", async () => {
  await machines.act("127.0.91.21", "off");
  expect(await messageOf(world.engine.read(machineType, machine("w1")))).toMatch(
    /^reading the configuration of 127\.0\.91\.21: talosctl said: .*connection refused.* The node could not be asked; nothing is taken for deleted\.$/s,
  );
  await machines.act("127.0.91.21", "on");
  await until(machines, (view) => view.machines.every(({ ready }) => ready));
  expect(await world.engine.drift(machineType, machine("w1"))).toEqual([]);
});

test("machines survive a restart of what plays them", async () => {
  await machines.stop();
  machines = await startMachines(directory, []);
  await until(machines, (view) => view.machines.length === 4 && view.machines.every(({ ready }) => ready));
  expect(await world.engine.drift(machineType, machine("cp2"))).toEqual([]);
});

test("a machine with an address of its own network is configured at its endpoint", async () => {
  await machines.add({ address: "192.168.77.21", listen: "127.0.91.31:50000" });
  const place = { node: "192.168.77.21", endpoint: "127.0.91.31" };
  const far = await world.engine.create(machineType, world.machineArgs("w1", secrets, place));
  const view = await until(machines, (now) => now.machines.every(({ ready }) => ready));
  expect(view.machines.find(({ address }) => address === place.node)?.type).toBe("worker");
  expect(await world.engine.drift(machineType, far)).toEqual([]);
});

test("no secret was on a command line", () => {
  const { ca, crt, key } = clientConfiguration.parse(secrets.outputs["clientConfiguration"]);
  const lines = commandLines();
  expect(lines.filter((line) => line.startsWith("apply-config")).length).toBeGreaterThan(4);
  const bundle = readFileSync(join(directory, "state.json"), "utf8");
  const words = text(secrets, "machineSecrets").match(/[A-Za-z0-9+/=]{24,}/g) ?? [];
  expect(words.length).toBeGreaterThan(5);
  for (const word of [ca, crt, key, ...words]) expect(lines.filter((line) => line.includes(word))).toEqual([]);
  // The words are secrets indeed: the machines have them.
  expect(words.some((word) => bundle.includes(word))).toBe(true);
});

test("a worker that is to be wiped starts over in maintenance mode", async () => {
  const args = world.machineArgs("w1", secrets, { onDestroy: "reset" });
  const wiped = await world.engine.update(machineType, machine("w1"), args);
  await world.engine.delete(machineType, wiped);
  const view = await until(machines, ({ machines: all }) => all.some(({ phase }) => phase === "maintenance"));
  expect(view.machines.find(({ phase }) => phase === "maintenance")?.address).toBe("127.0.91.21");
});
