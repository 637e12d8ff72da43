import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findTalosMachines, type TalosView } from "../../lab/control/talos";
import { hypervisorFiles } from "../../lab/hypervisor";
import { finished, Lab, ok } from "../engine/support/lab";
import { commandLine, processesIn } from "./processes";

// A cluster of three control planes and a worker is upgraded by the estate's own `up`, which is killed on the way. The engine, the
// provider and talosctl are real; the machines are played from Talos's own machinery, and count what etcd goes through.
jest.setTimeout(600_000);
const project = resolve(__dirname, "../..");
const full = { stack: "prod", lab: "full" };
const program = readFileSync(join(project, "index.ts"), "utf8");
/** The estate's program, but with a Talos version of its own: people change the spec, a test may not. */
const upgraded = program.replace(
  "const spec = loadStack(stack);",
  `const declared = loadStack(stack);
const core = declared.clusters["core"];
if (core === undefined) throw new Error("prod has no cluster core");
const talos = require("node:fs").readFileSync(require("node:path").join(__dirname, "talos-version"), "utf8");
const spec = { ...declared, clusters: { core: { ...core, talos } } };`,
);
const lab = new Lab({ "index.ts": upgraded, "talos-version": "1.12.0" });
const folder = join(lab.root, ".lab", "prod.full");
const files = hypervisorFiles(join(folder, "hypervisor"));

afterAll(async () => {
  await lab.estate("down", full);
  lab.remove();
});

async function view(): Promise<TalosView> {
  const machines = findTalosMachines(files.talos);
  if (machines === undefined) throw new Error("the Talos machines do not run");
  return machines.view();
}

const journal = async (): Promise<string[]> => (await view()).journal.map(({ node, what }) => `${node} ${what}`);

const engines = (): number[] => processesIn(folder).filter((pid) => commandLine(pid).includes("--event-log"));

/** Starts an up, and kills its engine with all it started as soon as the machines' journal has a line. */
async function killedAt(line: RegExp): Promise<void> {
  const seen = (await journal()).length;
  const child = lab.start("up", full);
  const end = finished(child);
  while (!(await journal()).slice(seen).some((entry) => line.test(entry))) {
    if (child.exitCode !== null)
      throw new Error(`it ended before ${String(line)}:\n${(await end).output.slice(-4000)}`);
    await sleep(20);
  }
  for (const pid of engines()) process.kill(pid, 9);
  child.kill("SIGKILL");
  await end;
  // A process of that size takes a moment to go, and holds the state's lock until then.
  while (engines().length > 0) await sleep(20);
}

test("the program under test is the estate's, but for the version", () => {
  expect(upgraded).not.toBe(program);
});

test("the cluster comes up with the version it begins with", async () => {
  ok(await lab.estate("up", full));
  expect((await view()).machines.map(({ version }) => version)).toEqual(["1.12.0", "1.12.0", "1.12.0", "1.12.0"]);
});

test("an upgrade that is killed with kill -9 at three steps goes on where it was, and upgrades each machine once", async () => {
  writeFileSync(join(lab.root, "talos-version"), "1.12.1");
  const before = (await journal()).length;
  await killedAt(/snapshot/);
  await killedAt(/^192\.168\.10\.112 down: upgrade/);
  await killedAt(/^192\.168\.10\.113 ready/);
  ok(await lab.estate("up", full));
  const { machines, clusters } = await view();
  expect(machines.map(({ version }) => version)).toEqual(["1.12.1", "1.12.1", "1.12.1", "1.12.1"]);
  const happened = (await journal()).slice(before);
  const upgrades = happened.filter((line) => / upgrade/.test(line) && / down: /.test(line));
  expect(upgrades.map((line) => line.split(" ")[0])).toEqual([
    "192.168.10.111",
    "192.168.10.112",
    "192.168.10.113",
    "192.168.10.121",
  ]);
  const [first] = [happened.findIndex((line) => / down: upgrade/.test(line))];
  expect(happened.slice(0, first).some((line) => /snapshot/.test(line))).toBe(true);
  expect(clusters).toEqual([expect.objectContaining({ name: "core", mostAtOnce: 1, quorumLost: 0 })]);
});

test("the up after that has nothing to do", async () => {
  expect(ok(await lab.estate("refresh", full)).output).toContain("No drift in stack prod");
});
