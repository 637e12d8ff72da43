import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TalosMachines, TalosView } from "../../../lab/control/talos";
import { toJson } from "../../../providers/common/values";
import { messageOf, type Resource, text } from "../../providers/support";
import { Authority, FakeKubernetes } from "../../providers/talos/kubernetes";
import { ClusterUnderTest } from "./support/cluster";
import { scratch, startMachines, toolPath, until } from "./support/talos";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./support/upgradeProcess";

// The provider's own code and the real talosctl upgrade machines that check what Talos checks. What it can't prove: that a
// release of Talos boots, and how pods take a drain.

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const type = "talos:index:Machine";
const folder = scratch();
const snapshots = join(folder, "snapshots");
const file = join(folder, "checkpoint.json");
const names = ["cp1", "cp2", "cp3", "w1"];
let machines: TalosMachines;
let world: ClusterUnderTest;
let secrets: Resource;
let kubernetes: FakeKubernetes;

beforeAll(async () => {
  world = new ClusterUnderTest(await toolPath("talosctl"), "127.0.92");
  machines = await startMachines(join(folder, "machines"), Object.values(world.addresses));
  await until(machines, (view) => view.machines.every(({ phase }) => phase === "maintenance"));
  secrets = await world.engine.create("talos:index:Secrets", { talosVersion: "1.12.0" });
  const made: Checkpoint["machines"] = {};
  for (const name of names) {
    const resource = await world.engine.create(type, world.machineArgs(name, secrets));
    made[name] = { ...resource, secrets: [...resource.secrets] };
  }
  kubernetes = await FakeKubernetes.start(await Authority.of(text(secrets, "machineSecrets")));
  await machines.publish("core", kubernetes.url);
  await world.engine.create("talos:index:Cluster", world.clusterArgs(secrets));
  await until(machines, (view) => view.machines.every(({ ready }) => ready));
  writeCheckpoint(file, { talosctl: await toolPath("talosctl"), snapshots, machines: made });
});

afterAll(async () => {
  await machines.stop();
  await kubernetes.stop();
});

/** Has the checkpoint ask for a version, of all machines. */
function ask(version: string, ...patches: object[]): void {
  const state = readCheckpoint(file);
  const image = `factory.talos.dev/nocloud-installer/${"0".repeat(64)}:v${version}`;
  const wanted = (name: string) => {
    const args = world.machineArgs(name, secrets, { talosVersion: version, installImage: image });
    return { ...args, patches: toJson([...listOf(args["patches"]), ...patches]) };
  };
  const asked = Object.entries(state.machines).map(([name, one]) => [name, { ...one, wanted: wanted(name) }] as const);
  writeCheckpoint(file, { ...state, machines: Object.fromEntries(asked) });
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Begins to bring the machines to what the checkpoint asks for, in a process of its own. */
function begin(): { child: ChildProcess; ended: Promise<{ code: number | null; said: string }> } {
  const program = resolve(__dirname, "support/upgradeProcess.ts");
  const child = spawn(process.execPath, ["--require", "tsx/cjs", program, file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const ended = new Promise<{ code: number | null; said: string }>((done) =>
    child.once("close", (code) => {
      done({ code, said });
    }),
  );
  return { child, ended };
}

/** Begins, and kills it without a word as soon as something is so. */
async function killedWhen(isSo: (view: TalosView) => boolean): Promise<void> {
  const { child, ended } = begin();
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended before it was killed: ${(await ended).said}`);
    if (isSo(await machines.view())) break;
    await sleep(10);
  }
  child.kill("SIGKILL");
  expect((await ended).code).toBe(null);
}

/** What happened from an entry of the journal on, by the names of the machines; what says nothing about an upgrade is left out. */
async function journal(from: number): Promise<string[]> {
  const nameOf = new Map(Object.entries(world.addresses).map(([name, address]) => [address, name]));
  const { journal: all } = await machines.view();
  return all
    .slice(from)
    .filter(({ what }) => /^(etcd snapshot|upgrade to|reboot|ready)/.test(what))
    .map(({ node, what }) => `${nameOf.get(node) ?? node} ${what.replace(/,.*/s, "")}`);
}

const length = async (): Promise<number> => (await machines.view()).journal.length;
const inOrder = (version: string): string[] =>
  names.flatMap((name) => [`${name} upgrade to ${version}`, `${name} ready`]);

async function expectDone(version: string): Promise<void> {
  const view = await machines.view();
  expect(view.machines.map((machine) => [machine.version, machine.ready, machine.cordoned])).toEqual(
    names.map(() => [version, true, false]),
  );
  expect(view.clusters).toMatchObject([{ mostAtOnce: 1, quorumLost: 0 }]);
  const state = readCheckpoint(file);
  expect(Object.values(state.machines).filter(({ wanted }) => wanted !== undefined)).toEqual([]);
  for (const [name, { secrets: secret, ...one }] of Object.entries(state.machines))
    expect([name, await world.engine.drift(type, { ...one, secrets: new Set(secret) })]).toEqual([name, []]);
}

test("a snapshot, then one machine after another: each is ready before the next goes", async () => {
  ask("1.12.1");
  const from = await length();
  expect(await begin().ended).toEqual({ code: 0, said: "" });
  expect(await journal(from)).toEqual(["cp1 etcd snapshot", ...inOrder("1.12.1")]);
  await expectDone("1.12.1");
});

test("killed while it takes the snapshot, while cp2 boots, and between cp3 and the worker, it goes on to the same end", async () => {
  ask("1.12.2");
  const from = await length();
  const since = (view: TalosView) => view.journal.slice(from);
  const happened = (view: TalosView, name: string, what: string) =>
    since(view).some((entry) => entry.node === world.addressOf(name) && entry.what.startsWith(what));
  await killedWhen((view) => happened(view, "cp1", "etcd snapshot"));
  await machines.slow(world.addressOf("cp2"), 3000);
  await killedWhen((view) => happened(view, "cp2", "boots"));
  await killedWhen((view) => happened(view, "cp3", "ready") && !happened(view, "w1", "upgrade"));
  expect(await begin().ended).toEqual({ code: 0, said: "" });
  const happenings = await journal(from);
  // Taken again, as the first was cut short; every upgrade happens once.
  expect(happenings.filter((line) => !line.endsWith("etcd snapshot"))).toEqual(inOrder("1.12.2"));
  expect(happenings.lastIndexOf("cp1 etcd snapshot")).toBeLessThan(happenings.indexOf("cp1 upgrade to 1.12.2"));
  await expectDone("1.12.2");
  expect(readdirSync(snapshots).filter((name) => name.endsWith("before-talos-1.12.2.db"))).not.toEqual([]);
});

test("a configuration that needs a reboot goes from machine to machine in the same way", async () => {
  ask("1.12.2", { machine: { env: { GRPC_GO_LOG_VERBOSITY_LEVEL: "99" } } });
  const from = await length();
  expect(await begin().ended).toEqual({ code: 0, said: "" });
  expect(await journal(from)).toEqual(names.flatMap((name) => [`${name} reboot`, `${name} ready`]));
  await expectDone("1.12.2");
});

test("a machine that falls back is an error, and the next is not begun", async () => {
  ask("1.12.3");
  await machines.act(world.addressOf("cp1"), "rollback");
  const from = await length();
  const { code, said } = await begin().ended;
  expect(code).toBe(1);
  expect(said).toBe(
    "upgrading 127.0.92.11 to Talos 1.12.3: it came back with Talos 1.12.2, the one it had: Talos rolled back. The node runs, and " +
      "no other was touched. See why in its kernel log (talosctl dmesg) and whether " +
      `factory.talos.dev/nocloud-installer/${"0".repeat(64)}:v1.12.3 is for this machine; then run up again, or name the old ` +
      "version again.\n",
  );
  expect((await journal(from)).filter((line) => line.includes("upgrade"))).toEqual(["cp1 upgrade to 1.12.3"]);
});

test("a snapshot that was damaged on its way stops it before anything is touched", async () => {
  await machines.act(world.addressOf("cp1"), "corrupt");
  const from = await length();
  const { said } = await begin().ended;
  expect(said).toMatch(
    /^taking an etcd snapshot of 127\.0\.92\.11: \S+ is no whole snapshot: its checksum is wrong\. /,
  );
  expect((await journal(from)).filter((line) => line.includes("upgrade"))).toEqual([]);
});

test("a control plane that is put out of the cluster leaves etcd and Kubernetes; it comes back as a new one", async () => {
  const state = readCheckpoint(file);
  const one = state.machines["cp3"];
  if (one === undefined) throw new Error("cp3 is not in the checkpoint");
  const resource = { ...one, secrets: new Set(one.secrets), outputs: { ...one.outputs, onDestroy: "reset" } };
  const address = world.addressOf("cp3");
  const node = { metadata: { name: "cp3" }, status: { addresses: [{ type: "InternalIP", address }] } };
  kubernetes.answers["GET /api/v1/nodes"] = [200, JSON.stringify({ items: [node] })];
  kubernetes.answers["DELETE /api/v1/nodes/cp3"] = [200, "{}"];
  await world.engine.delete(type, resource);
  expect(kubernetes.asked.slice(-2)).toEqual(["GET /api/v1/nodes", "DELETE /api/v1/nodes/cp3"]);
  const view = await machines.view();
  expect(view.clusters).toMatchObject([{ members: [world.addressOf("cp1"), world.addressOf("cp2")], quorumLost: 0 }]);
  expect(view.machines.find(({ address }) => address === world.addressOf("cp3"))?.phase).toBe("maintenance");
  // A killed run got as far as wiping it.
  await world.engine.delete(type, resource);
  const again = await world.engine.create(type, world.machineArgs("cp3", secrets));
  await until(machines, (now) => now.machines.every(({ ready }) => ready));
  expect((await machines.view()).clusters[0]?.members).toHaveLength(3);
  expect(await world.engine.drift(type, again)).toEqual([]);
  expect(text(again, "node")).toBe(world.addressOf("cp3"));
  expect(await messageOf(world.engine.read(type, again))).toBe("no error");
});
