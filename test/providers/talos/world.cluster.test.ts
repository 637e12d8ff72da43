import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { World } from "../../../lab/world";
import { toKnown, type Properties } from "../../../providers/common/values";
import type { TalosApi } from "../../../providers/talos/backends/api";
import { talos } from "../../../providers/talos/provider";
import { clientConfiguration } from "../../../providers/talos/talosconfig";
import { edit, Engine, messageOf, type Resource, temporaryFolder, text } from "../support";

// What it can't prove: that real nodes behave like the simulated ones. That is for the lab with real Talos nodes.

const folder = temporaryFolder();
let world: World;
let engine: Engine<TalosApi>;
let secrets: Resource;
let worlds = 0;

beforeEach(async () => {
  worlds += 1;
  world = new World(join(folder, `world-${worlds}.json`));
  engine = new Engine(talos, { world: world.path });
  secrets = await engine.create("talos:index:Secrets", { talosVersion: "1.12.0" }, { name: "core" });
});

/** Whatever was done, no secret has reached the world's file. */
afterEach(() => {
  const content = readFileSync(world.path, "utf8");
  const { ca, crt, key } = clientConfiguration.parse(secrets.outputs["clientConfiguration"]);
  for (const value of [ca, crt, key, "bootstraptoken"]) expect(content).not.toContain(value);
});

const objects = (kind: string): Record<string, Record<string, unknown>> =>
  world.read().resources[`talos:index:${kind}`] ?? {};
const marker = `secret:hmac-sha256:${"0".repeat(64)}`;

describe("Cluster", () => {
  const type = "talos:index:Cluster";
  const args = (change: object = {}): Properties =>
    toKnown({
      clientConfiguration: secrets.outputs["clientConfiguration"],
      ...{ clusterName: "core", bootstrapNode: "10.0.0.11", endpoint: "10.0.0.10", nodes: ["10.0.0.11", "10.0.0.12"] },
      ...change,
    });

  test("lives from create to delete; its kubeconfig names it and says that it is simulated", async () => {
    const made = await engine.create(type, args());
    const kubeconfig = text(made, "kubeconfig");
    expect(kubeconfig).toMatch(/^# Simulated: /);
    expect(parse(kubeconfig)).toMatchObject({
      clusters: [{ name: "core", cluster: { server: "https://10.0.0.10:6443" } }],
      "current-context": "admin@core",
    });
    expect(parse(text(made, "talosconfig"))).toMatchObject({
      context: "core",
      contexts: { core: { nodes: ["10.0.0.11", "10.0.0.12"] } },
    });
    expect([...made.secrets].sort()).toEqual(["clientConfiguration", "kubeconfig", "talosconfig"]);
    expect(await engine.drift(type, made)).toEqual([]);
    await edit(world, type, "core", { endpoint: "10.9.9.9", kubeconfig: marker });
    expect(await engine.drift(type, made)).toEqual(["endpoint", "kubeconfig"]);
    const seen = (await engine.read(type, made)) ?? made;
    expect((await engine.update(type, seen, args())).outputs).toEqual(made.outputs);
    expect(await engine.import(type, "core")).toMatchObject({ inputs: { endpoint: "10.0.0.10" } });
    await engine.delete(type, made);
    expect(objects("Cluster")).toEqual({});
    expect(await engine.drift(type, made)).toBe("gone");
  });

  test("a node bootstraps one cluster; the same one again is no second", async () => {
    await engine.create(type, args());
    await engine.create(type, args());
    expect(Object.keys(objects("Cluster"))).toEqual(["core"]);
    expect(await messageOf(engine.create(type, args({ clusterName: "other" })))).toBe(
      "bootstrapping other: the node 10.0.0.11 has bootstrapped the cluster core; its etcd is not empty",
    );
  });

  test.each([
    [
      { endpoint: "https://10.0.0.10:6443" },
      'endpoint: "https://10.0.0.10:6443" must be a host without scheme and port, for example "10.0.0.10"',
    ],
    [{ nodes: [] }, "nodes: must hold the address of at least one node"],
  ])("%j is refused", async (change, expected) => {
    expect(await engine.check(type, args(change))).toEqual([expected]);
  });
});

test("EtcdSnapshot lives from create to delete", async () => {
  const type = "talos:index:EtcdSnapshot";
  const client = secrets.outputs["clientConfiguration"] ?? {};
  const args = { node: "10.0.0.11", path: "/backups/etcd.db", clientConfiguration: client };
  const made = await engine.create(type, args);
  expect(await engine.drift(type, made)).toEqual([]);
  const again = await engine.update(type, made, { ...args, trigger: "2" });
  expect(objects("EtcdSnapshot")[made.id]).toMatchObject({ trigger: "2", sha256: again.outputs["sha256"] });
  await edit(world, type, made.id, { sha256: "x" });
  expect(await engine.drift(type, again)).toEqual(["sha256"]);
  expect(await engine.import(type, made.id)).toMatchObject({ inputs: { path: "/backups/etcd.db" } });
  await engine.delete(type, again);
  expect(await engine.drift(type, again)).toBe("gone");
});

test("a scripted fault strikes, once", async () => {
  await world.update((data) => {
    data.faults = [{ operation: "read", type: "talos:index:*", fault: "timeout", seconds: 0, message: "no answer" }];
  });
  expect(await messageOf(engine.read("talos:index:Secrets", secrets))).toBe("no answer");
  expect(await engine.drift("talos:index:Secrets", secrets)).toEqual([]);
});

test("a provider has one backend", () => {
  expect(talos.checkConfig({ world: "/w.json", talosctl: "talosctl" })).toEqual([
    { property: "talosctl", reason: "cannot be given together with world: a provider has one backend" },
  ]);
  expect(talos.checkConfig({})).toEqual([]);
});
