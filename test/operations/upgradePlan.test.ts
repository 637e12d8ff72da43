import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { World } from "../../lab/world";
import { askNodes, readNodeOutputs, simulatedNodes } from "../../operations/cli/upgradePlan";
import { talosconfigText } from "../../providers/talos/talosconfig";
import { FakeTalosctl } from "../providers/talos/fakeTalosctl";

const folder = mkdtempSync(join(tmpdir(), "estate-upgrade-plan-"));
const fake = new FakeTalosctl(folder);
const addresses = { cp1: "10.0.0.11", w1: "10.0.0.21" };
const client = { ca: "authority", crt: "certificate", key: "key-of-this-test" };
const talosconfig = talosconfigText("core", client, ["127.0.0.1:50001"], Object.values(addresses));
const version = { on: "version", stdout: "Client:\n\tTag: v1.12.9\nServer:\n\tNODE: x\n\tTag:         v1.12.0\n" };
const config = { on: "get machineconfig", stdout: 'machine: {kubelet: {image: "x:v1.34.3"}}\ncluster: {}\n' };

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("nodes are asked through the stack's talosconfig, which is on no command line", async () => {
  fake.rules(version, config);
  const versions = { talos: "1.12.0", kubernetes: "1.34.3" };
  expect(await askNodes(fake.path, talosconfig, addresses)).toEqual({ cp1: versions, w1: versions });
  const calls = fake.calls();
  expect(calls).toHaveLength(4);
  for (const { args, files } of calls) {
    expect(args.join(" ")).toMatch(/--nodes 10\.0\.0\.(11|21) --endpoints 127\.0\.0\.1:50001$/);
    expect(args.join(" ")).not.toContain(client.key);
    expect(files["talosconfig"]).toMatchObject({ mode: "600", folder: "700" });
  }
});

test("a node that can't be asked is one error, with what to do", async () => {
  fake.rules({ ...version, node: "10.0.0.11" }, { on: "version", fails: "dial tcp: no route to host" }, config);
  await expect(askNodes(fake.path, talosconfig, addresses)).rejects.toThrow(
    "w1 cannot be asked what it runs, so there is no plan: asking 10.0.0.21 for its version: talosctl said: dial tcp: no route to " +
      "host The node could not be asked; nothing is taken for deleted.\n" +
      "Switch it on, or take it out of the spec; an upgrade begins only while every node answers.",
  );
});

test("a stack that was never up has no nodes", () => {
  expect(readNodeOutputs("{}")).toBeUndefined();
  const outputs = { public: { machines: addresses, urls: {} }, secret: { talosconfigs: { core: talosconfig } } };
  expect(readNodeOutputs(JSON.stringify(outputs))).toEqual({ addresses, talosconfigs: { core: talosconfig } });
});

test("simulated nodes are as their world has them; one that is not there is left out", async () => {
  const world = new World(join(folder, "world.json"));
  await world.update((data) => {
    data.resources["talos:index:Machine"] = { "10.0.0.11": { talosVersion: "1.11.9", kubernetesVersion: "1.34.3" } };
  });
  expect(simulatedNodes(world.path, addresses)).toEqual({ cp1: { talos: "1.11.9", kubernetes: "1.34.3" } });
});
