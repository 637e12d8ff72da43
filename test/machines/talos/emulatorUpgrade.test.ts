import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTalosMachines, type TalosMachines, type TalosView } from "../../../lab/control/talos";
import { editFile, Operator, type Said } from "./support/operator";
import { scratch, toolPath, until } from "./support/talos";

// How played Talos machines are upgraded, and what goes wrong then. That Talos itself does so is only as sure as the sources
// that the emulator names.

// Building talosctl takes minutes where it is not in the cache yet.
jest.setTimeout(900_000);

const folder = scratch();
const directory = join(folder, "machines");
const schematic = "0123456789abcdef".repeat(4);
const controlPlanes = ["cp1", "cp2", "cp3"];
let operator: Operator;
let machines: TalosMachines;

beforeAll(async () => {
  operator = await Operator.create(folder, controlPlanes, []);
  machines = await operator.start(directory);
  await operator.settle(machines);
});

afterAll(async () => {
  await machines.stop();
});

const addressOf = (name: string) => operator.member(name).address;

function upgrade(name: string, version: string, ...more: string[]): Promise<Said> {
  const image = `factory.talos.dev/nocloud-installer/${schematic}:v${version}`;
  return operator.on([name], ["upgrade", "--image", image, "--wait", ...more]);
}

const settled = () => until(machines, (view) => view.machines.every(({ ready }) => ready));
const versions = (view: TalosView) => view.machines.map(({ version }) => version);

/** What happened while something was done. */
async function journalOf(work: () => Promise<unknown>): Promise<string[]> {
  const { length } = (await machines.view()).journal;
  await work();
  const { journal } = await machines.view();
  return journal.slice(length).map(({ node, what }) => `${node} ${what}`);
}

/** Whether the SHA-256 at the end of a snapshot is that of the rest, as `etcdutl snapshot restore` checks it. */
function isSound(path: string): boolean {
  const content = readFileSync(path);
  const [database, sum] = [content.subarray(0, -32), content.subarray(-32)];
  return createHash("sha256").update(database).digest().equals(sum);
}

test("the journal proves the order: snapshot, then machine by machine a drain, a boot, and health", async () => {
  const path = join(folder, "etcd.db");
  const journal = await journalOf(async () => {
    expect((await operator.on(["cp1"], ["etcd", "snapshot", path])).code).toBe(0);
    for (const name of ["cp2", "cp1"]) {
      expect((await upgrade(name, "1.12.1")).code).toBe(0);
      await settled();
    }
  });
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  const upgraded = (address: string) =>
    [
      ...[
        "upgrade to 1.12.1",
        "cordon and drain",
        "down: upgrade to 1.12.1",
        "boots",
        "running, Talos 1.12.1",
        "ready",
      ],
    ].map((what) => `${address} ${what}`);
  expect(journal).toEqual([
    `192.0.2.11 etcd snapshot, ${readFileSync(path).length} bytes, sha256 ${sha256}`,
    ...upgraded("192.0.2.12"),
    ...upgraded("192.0.2.11"),
  ]);
  const view = await machines.view();
  expect(versions(view)).toEqual(["1.12.1", "1.12.1", "1.12.0"]);
  expect(view.clusters).toMatchObject([{ mostAtOnce: 1, quorumLost: 0 }]);
  expect((await operator.on(["cp1"], ["get", "extensions"])).text).toContain(schematic);
});

test("a snapshot that was damaged on its way is told by its SHA-256, and by nothing that talosctl checks", async () => {
  const [good, bad] = [join(folder, "good.db"), join(folder, "bad.db")];
  expect((await operator.on(["cp1"], ["etcd", "snapshot", good])).code).toBe(0);
  await machines.act(addressOf("cp1"), "corrupt");
  const said = await operator.on(["cp1"], ["etcd", "snapshot", bad]);
  expect([said.code, said.text]).toEqual([0, expect.stringContaining("total keys 3")]);
  expect([isSound(good), isSound(bad)]).toEqual([true, false]);
  expect((await operator.on(["cp1"], ["etcd", "snapshot", good])).code).toBe(0);
  expect(isSound(good)).toBe(true);
});

test("a node is cordoned from its drain until it is ready again", async () => {
  const cordoned = async () => (await machines.view()).machines.map((machine) => machine.cordoned);
  await machines.slow(addressOf("cp3"), 1000);
  const upgraded = upgrade("cp3", "1.12.1");
  await until(machines, (view) => view.machines.some(({ phase }) => phase === "booting"));
  expect(await cordoned()).toEqual([false, false, true]);
  expect((await upgraded).code).toBe(0);
  await settled();
  expect(await cordoned()).toEqual([false, false, false]);
});

test("an upgrade is refused while a member of etcd is not healthy", async () => {
  await machines.act(addressOf("cp2"), "sick");
  const said = await upgrade("cp1", "1.12.2");
  expect([said.code, said.text]).toEqual([
    1,
    expect.stringMatching(/etcd member [0-9a-f]{16} is not healthy; all members must be healthy to perform an upgrade/),
  ]);
  await machines.act(addressOf("cp2"), "well");
  await settled();
});

test("talosctl reports success when a machine fell back to the version it had", async () => {
  await machines.act(addressOf("cp1"), "rollback");
  const journal = await journalOf(async () => {
    expect((await upgrade("cp1", "1.12.2")).code).toBe(0);
    await settled();
  });
  expect(journal).toContain("192.0.2.11 Talos 1.12.2 does not boot");
  expect(versions(await machines.view())).toEqual(["1.12.1", "1.12.1", "1.12.1"]);
  // The fault is over.
  expect((await upgrade("cp1", "1.12.2")).code).toBe(0);
  expect(versions(await settled())).toEqual(["1.12.2", "1.12.1", "1.12.1"]);
  expect((await operator.on(["cp1"], ["rollback"])).code).toBe(0);
  expect(versions(await until(machines, (view) => versions(view)[0] === "1.12.1"))).toHaveLength(3);
  await settled();
});

test("an installer that does not take the version that runs leaves the node drained until a reboot", async () => {
  const said = await upgrade("cp1", "1.9.5");
  expect([said.code, said.text]).toEqual([
    1,
    expect.stringContaining("host version 1.12.1 is too new to downgrade to Talos 1.9.5"),
  ]);
  expect((await machines.view()).machines[0]).toMatchObject({ version: "1.12.1", cordoned: true, ready: false });
  expect((await operator.on(["cp1"], ["reboot", "--wait"])).code).toBe(0);
  expect((await settled()).machines[0]).toMatchObject({ version: "1.12.1", cordoned: false });
});

test("a machine does one thing at a time", async () => {
  const journal = await journalOf(async () => {
    // The same machine twice in one call: the second request is there before the first has drained it.
    const image = `factory.talos.dev/nocloud-installer/${schematic}:v1.12.2`;
    expect((await operator.on(["cp2", "cp2"], ["upgrade", "--image", image, "--wait=false"])).code).toBe(0);
    await until(machines, (view) => versions(view)[1] !== "1.12.1");
    await settled();
  });
  expect(journal).toContain("192.0.2.12 upgrade to 1.12.2: refused, it does something else");
  expect(journal.filter((entry) => entry.endsWith(" boots"))).toHaveLength(1);
});

test("killed while a machine boots into another version, it starts again with that version", async () => {
  await machines.slow(addressOf("cp3"), 20_000);
  expect((await upgrade("cp3", "1.12.4", "--wait=false")).code).toBe(0);
  await until(machines, (view) => view.machines[2]?.phase === "booting");
  process.kill(machines.pid, "SIGKILL");
  await sleep(100);
  const binary = await toolPath("talos-machine");
  machines = await startTalosMachines({ binary, directory, machines: [], boot: 200, settle: 50 });
  expect((await machines.view()).machines[2]).toMatchObject({ phase: "booting", cordoned: true });
  expect((await settled()).machines[2]).toMatchObject({ version: "1.12.4", cordoned: false });
});

test("another Kubernetes restarts the kubelet and the static pods, without a reboot", async () => {
  const next = editFile(operator.configFile("cp1"), (text) => text.replaceAll("v1.34.3", "v1.34.4"));
  const journal = await journalOf(async () => {
    const said = await operator.on(["cp1"], ["apply-config", "--file", next]);
    expect([said.code, said.text]).toEqual([0, expect.stringContaining("without a reboot")]);
    await until(machines, (view) => view.journal.at(-1)?.what === "kubelet 1.34.4");
  });
  const pods = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
  expect(journal).toEqual(
    ["configuration", ...pods.map((name) => `${name} 1.34.4`), "kubelet 1.34.4"].map((what) => `192.0.2.11 ${what}`),
  );
  expect((await machines.view()).machines[0]).toMatchObject({
    kubelet: "1.34.4",
    pods: pods.map((name) => ({ name, image: `registry.k8s.io/${name}:v1.34.4`, config: "2" })),
  });
});

test("two members are too few for an upgrade, unless it is forced: then the quorum is lost for a while", async () => {
  expect((await operator.on(["cp3"], ["reset", "--graceful", "--reboot", "--wait=false"])).code).toBe(0);
  await until(machines, (view) => view.machines[2]?.phase === "maintenance");
  const said = await upgrade("cp1", "1.12.5");
  expect([said.code, said.text]).toEqual([
    1,
    expect.stringContaining("etcd member count(2) is insufficient to maintain quorum"),
  ]);
  expect((await machines.view()).clusters).toMatchObject([{ mostAtOnce: 1, quorumLost: 0 }]);
  expect((await upgrade("cp1", "1.12.5", "--force")).code).toBe(0);
  expect((await machines.view()).clusters).toMatchObject([{ mostAtOnce: 1, quorumLost: 1 }]);
});
