import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { World } from "../../../lab/world";
import { toKnown, unknown, type Properties } from "../../../providers/common/values";
import type { TalosApi } from "../../../providers/talos/backends/api";
import { talos } from "../../../providers/talos/provider";
import { clientConfiguration } from "../../../providers/talos/talosconfig";
import { edit, Engine, type Resource, temporaryFolder, text } from "../support";

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

describe("Secrets", () => {
  const type = "talos:index:Secrets";

  test("say that they are simulated, differ between worlds, and are the same when they are made again", async () => {
    expect(secrets.outputs).toMatchObject({ talosVersion: "1.12", contract: "1.12" });
    expect(secrets.outputs["machineSecrets"]).toMatch(/^# Simulated: /);
    expect(parse(text(secrets, "machineSecrets"))).toMatchObject({
      cluster: {},
      secrets: {},
      trustdinfo: {},
      certs: {},
    });
    const again = await engine.create(type, { talosVersion: "1.12.0" }, { name: "core" });
    expect([again.id, again.outputs]).toEqual([secrets.id, secrets.outputs]);
    expect(Object.keys(objects("Secrets"))).toEqual([secrets.id]);
    const elsewhere = new Engine(talos, { world: join(folder, `elsewhere-${worlds}.json`) });
    const other = await elsewhere.create(type, { talosVersion: "1.12.0" }, { name: "core" });
    expect(other.outputs["machineSecrets"]).not.toBe(secrets.outputs["machineSecrets"]);
  });

  test("are read from the world; lost there they are made again", async () => {
    expect(await engine.drift(type, secrets, "core")).toEqual([]);
    await edit(world, type, secrets.id, { machineSecrets: marker });
    expect(await engine.drift(type, secrets, "core")).toEqual(["machineSecrets"]);
    const seen = (await engine.read(type, secrets, "core")) ?? secrets;
    expect(await engine.diff(type, seen, { talosVersion: "1.12.0" }, "core")).toMatchObject({
      changed: ["machineSecrets"],
      replaces: [],
    });
    const repaired = await engine.update(type, seen, { talosVersion: "1.12.0" }, "core");
    expect(repaired.outputs).toEqual(secrets.outputs);
    expect(await engine.import(type, secrets.id)).toMatchObject({ inputs: { talosVersion: "1.12" } });
    await engine.delete(type, repaired, "core");
    expect(objects("Secrets")).toEqual({});
    expect(await engine.drift(type, repaired, "core")).toBe("gone");
  });

  test("a patch release keeps them, another configuration format is refused", async () => {
    expect(await engine.check(type, { talosVersion: "v1.12.7" }, secrets.inputs)).toEqual({ talosVersion: "1.12" });
    expect(await engine.check(type, { talosVersion: "1.13.0" }, secrets.inputs)).toEqual([
      "talosVersion: the secrets of this cluster were made for the configuration format of Talos 1.12, which stays as it is for " +
        "the cluster's life: with that of 1.13 the nodes could lose keys they need to read their own data. " +
        'Keep "1.12" here, and upgrade Talos by the talosVersion of the machines.',
    ]);
    expect(await engine.check(type, { talosVersion: "latest" })).toEqual([
      'talosVersion: "latest" is no version such as "1.12" or "1.12.0"',
    ]);
  });
});

describe("Machine", () => {
  const type = "talos:index:Machine";
  const news = (change: object = {}): Properties => ({
    ...toKnown({
      ...{
        node: "10.0.0.11",
        machineType: "controlplane",
        clusterName: "core",
        clusterEndpoint: "https://10.0.0.10:6443",
      },
      secrets: secrets.outputs["machineSecrets"],
      clientConfiguration: secrets.outputs["clientConfiguration"],
      ...{ kubernetesVersion: "1.34.3", talosVersion: "1.12.0", patches: [{ machine: { sysctls: { a: "1" } } }] },
      ...change,
    }),
  });
  const make = (): Promise<Resource> => engine.create(type, news());

  test("lives from create to delete", async () => {
    const made = await make();
    expect(made).toMatchObject({
      id: "10.0.0.11",
      outputs: { contract: "1.12", image: "ghcr.io/siderolabs/installer:v1.12.0" },
    });
    expect(made.outputs["configHash"]).toBe(made.outputs["appliedHash"]);
    expect(await engine.drift(type, made)).toEqual([]);
    expect((await engine.diff(type, made, news())).changed).toEqual([]);
    const changed = await engine.update(type, made, news({ kubernetesVersion: "1.35.0" }));
    expect(objects("Machine")["10.0.0.11"]).toMatchObject({
      kubernetesVersion: "1.35.0",
      configHash: changed.outputs["configHash"],
    });
    expect(changed.outputs["configHash"]).not.toBe(made.outputs["configHash"]);
    expect(await engine.import(type, "10.0.0.11")).toMatchObject({
      inputs: { kubernetesVersion: "1.35.0", clusterName: "core" },
    });
    await engine.delete(type, changed);
    expect(objects("Machine")).toEqual({});
    expect(await engine.drift(type, changed)).toBe("gone");
  });

  test("a change by hand is named, secret or not, and repaired", async () => {
    const made = await make();
    await edit(world, type, "10.0.0.11", { kubernetesVersion: "1.33.0", secrets: marker, configHash: "x" });
    expect(await engine.drift(type, made)).toEqual(["configHash", "kubernetesVersion", "secrets"]);
    const seen = (await engine.read(type, made)) ?? made;
    expect(await engine.diff(type, seen, news())).toMatchObject({
      changed: ["configHash", "kubernetesVersion", "secrets"],
      replaces: [],
    });
    expect((await engine.update(type, seen, news())).outputs).toEqual(made.outputs);
    expect(await engine.drift(type, made)).toEqual([]);
  });

  test("patches that the program calls secret are not in the world", async () => {
    const made = await engine.create(type, news({ patches: ["token: hunter2"] }), { secrets: new Set(["patches"]) });
    expect(made.secrets).toContain("patches");
    expect(readFileSync(world.path, "utf8")).not.toContain("hunter2");
    expect(await engine.drift(type, made)).toEqual([]);
  });

  test("what makes it another machine replaces it, the old one first", async () => {
    const made = await make();
    for (const change of [{ node: "10.0.0.12" }, { clusterName: "other" }, { machineType: "worker" }]) {
      const diff = await engine.diff(type, made, news(change));
      expect(diff).toEqual({ changed: Object.keys(change), replaces: Object.keys(change), deleteBeforeReplace: true });
    }
  });

  test.each([
    [
      { kubernetesVersion: "1.36.0" },
      [
        "kubernetesVersion: Kubernetes 1.36.0 does not run on Talos 1.12, which has Kubernetes 1.30 to 1.35; change one of the two",
      ],
    ],
    [{ kubernetesVersion: "1.34" }, ['kubernetesVersion: "1.34" is no version such as "1.34.3"']],
    [{ machineType: "init" }, ['machineType: must be "controlplane" or "worker"']],
    [{ clusterEndpoint: "10.0.0.10" }, ['clusterEndpoint: must be a URL such as "https://10.0.0.10:6443"']],
    [{ schematic: "gpu" }, ["schematic: must be a schematic's id: 64 hexadecimal digits"]],
  ])("%j is refused", async (change, expected) => {
    expect(await engine.check(type, news(change))).toEqual(expected);
  });

  test("what is not known yet is not judged, the rest is", async () => {
    const open: Properties = { ...news(), node: unknown, secrets: unknown, talosVersion: unknown };
    expect(await engine.check(type, open)).toMatchObject({ node: unknown, secrets: unknown, talosVersion: unknown });
    expect(await engine.check(type, { ...open, onDestroy: "burn" })).toEqual(['onDestroy: must be "leave" or "reset"']);
  });
});
