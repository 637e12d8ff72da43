import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { messageOf, type Resource } from "../support";

import type { Rule } from "./fakeTalosctl";
import { ScriptedTalosctl } from "./scriptedTalosctl";
import { clientConfiguration, engineWith, machineSecrets, snapshotOf, snapshots, takes } from "./talosctl";

// Against a scripted talosctl: which questions are asked, in which order, and what is made of the answers. What a machine does
// with an upgrade is for test/machines/talos.

const script = new ScriptedTalosctl();
const engine = engineWith(script);
const type = "talos:index:Machine";
const config = (kubernetes: string): string =>
  `machine:\n  kubelet: {image: "x:v${kubernetes}"}\n  install: {image: "factory/x:v1.12.0"}\ncluster: {}\n`;
const args = {
  ...{ node: "10.0.0.11", machineType: "controlplane", clusterName: "core", clusterEndpoint: "https://10.0.0.10:6443" },
  ...{ secrets: machineSecrets, clientConfiguration, kubernetesVersion: "1.34.3", talosVersion: "1.12.0" },
  installImage: "factory/x:v1.12.0",
};
const next = { ...args, talosVersion: "1.12.1", installImage: "factory/x:v1.12.1" };
const apply: Rule[] = [
  { on: "gen config", stdout: config("1.34.3") },
  { on: "apply-config" },
  { on: "get machineconfig", stdout: config("1.34.3") },
];

const members: Rule = {
  on: "etcd members",
  stdout: [
    "NODE        ID                 HOSTNAME   PEER URLS                CLIENT URLS              LEARNER",
    "10.0.0.11   4a5b6c7d8e9f0a1b   cp1        https://10.0.0.11:2380   https://10.0.0.11:2379   false",
    "10.0.0.11   5a5b6c7d8e9f0a1b   cp2        https://10.0.0.12:2380   https://10.0.0.12:2379   false",
    "10.0.0.11   6a5b6c7d8e9f0a1b   cp3        https://10.0.0.13:2380   https://10.0.0.13:2379   false",
    "",
  ].join("\n"),
};
const status = (errors = "", leader = "4a5b6c7d8e9f0a1b"): string =>
  "NODE        MEMBER             DB SIZE   IN USE            LEADER             RAFT INDEX   RAFT TERM   RAFT APPLIED INDEX   LEARNER   PROTOCOL   STORAGE   ERRORS\n" +
  `10.0.0.11   4a5b6c7d8e9f0a1b   33 kB     16 kB (50.00%)   ${leader}   7            1           7                    false     3.6.6      3.6.0     ${errors}\n`;
const machineStatus = (ready: boolean, ...unmet: object[]): string =>
  JSON.stringify({ node: "x", spec: { stage: "running", status: { ready, unmetConditions: unmet } } });
const well: Rule[] = [
  members,
  { on: "etcd status", stdout: status() },
  { on: "get machinestatus", stdout: machineStatus(true) },
];
const runs = (version: string, more: Partial<Rule> = {}): Rule => ({
  on: "version",
  stdout: `Client:\n\tTag: v1.12.9\nServer:\n\tNODE: x\n\tTag:         v${version}\n`,
  ...more,
});
const others: Rule[] = [runs("1.12.0", { node: "10.0.0.12" }), runs("1.12.0", { node: "10.0.0.13" })];

let made: Resource;
const asked = (): string[] => script.asked();
const files = (): string[] => readdirSync(snapshots).sort();

beforeEach(async () => {
  rmSync(snapshots, { recursive: true, force: true });
  script.rules(...apply);
  made = await engine.create(type, args);
});

test("the first control plane: all well, a snapshot, the upgrade, all well again, then its configuration", async () => {
  script.rules(
    ...[runs("1.12.0", { node: "10.0.0.11", times: 3 }), ...others, runs("1.12.1", { node: "10.0.0.11" })],
    ...[...well, takes(snapshotOf("before")), { on: "upgrade" }, ...apply],
  );
  await engine.update(type, made, next);
  const gate = ["etcd members", ...["10.0.0.11", "10.0.0.12", "10.0.0.13"]];
  const lines = asked();
  expect(lines.filter((line) => /^(etcd snapshot|upgrade|apply)/.test(line)).map((line) => line.split(" ")[0])).toEqual(
    ["etcd", "upgrade", "apply-config"],
  );
  const [taken, upgraded] = [
    lines.findIndex((line) => line.startsWith("etcd snapshot")),
    lines.indexOf("upgrade 10.0.0.11"),
  ];
  for (const part of [lines.slice(0, taken), lines.slice(upgraded)]) {
    expect(part).toContain(`${gate[0] ?? ""} 10.0.0.11`);
    for (const address of gate.slice(1)) {
      expect(part).toContain(`etcd status ${address}`);
      expect(part).toContain(`get machinestatus machine ${address}`);
    }
  }
  expect(files()).toEqual([expect.stringMatching(/^core-\d{8}T\d{6}Z-before-talos-1\.12\.1\.db$/)]);
  expect((statSync(snapshots).mode & 0o777).toString(8)).toBe("700");
  expect((statSync(join(snapshots, files()[0] ?? "")).mode & 0o777).toString(8)).toBe("600");
  expect(JSON.stringify(made.outputs)).not.toContain("snapshots");
});

test("the second takes no snapshot: the first had not changed when one was taken", async () => {
  script.rules(
    ...[runs("1.12.0", { node: "10.0.0.11", times: 3 }), runs("1.12.1"), ...well, { on: "upgrade" }, ...apply],
  );
  await engine.update(type, made, next);
  expect(asked()).toContain("upgrade 10.0.0.11");
  expect(asked().join("\n")).not.toContain("etcd snapshot");
});

test("a node that a killed run has upgraded is not upgraded again, but waited for and configured", async () => {
  const off = "rpc error: code = Unavailable desc = connection refused";
  script.rules({ on: "version", fails: off, times: 2 }, runs("1.12.1"), ...well, ...apply);
  await engine.update(type, made, next);
  expect(asked().join("\n")).not.toContain("upgrade");
  expect(asked().filter((line) => line.startsWith("etcd status"))).toHaveLength(3);
  expect(asked().at(-1)).toBe("apply-config 10.0.0.11");
});

test.each([
  [
    "an alarm",
    { on: "etcd status", node: "10.0.0.12", stdout: status("alarm:NOSPACE") },
    "etcd member 5a5b6c7d8e9f0a1b on 10.0.0.12: alarm:NOSPACE",
  ],
  [
    "no leader",
    { on: "etcd status", node: "10.0.0.13", stdout: status("", "0000000000000000") },
    "etcd member 6a5b6c7d8e9f0a1b on 10.0.0.13: it knows no leader",
  ],
  [
    "a node that is not ready",
    {
      on: "get machinestatus",
      node: "10.0.0.12",
      stdout: machineStatus(false, { name: "nodeReady", reason: 'node "cp2" is not ready' }),
    },
    '10.0.0.12: it is running, not ready (nodeReady: node "cp2" is not ready)',
  ],
])("%s elsewhere stops it before anything is touched", async (_, rule: Rule, expected) => {
  script.rules(runs("1.12.0"), rule, ...well, takes(snapshotOf("x")), { on: "upgrade" }, ...apply);
  expect(await messageOf(engine.update(type, made, next))).toBe(
    `upgrading 10.0.0.11 to Talos 1.12.1: not all is well:\n  ${expected}`,
  );
  expect(asked().filter((line) => /^(etcd snapshot|upgrade|apply)/.test(line))).toEqual([]);
});

test("a node that rolled back is an error that says which version it has, and nothing else is touched", async () => {
  script.rules(runs("1.12.0"), ...well, takes(snapshotOf("x")), { on: "upgrade" }, ...apply);
  expect(await messageOf(engine.update(type, made, next))).toBe(
    "upgrading 10.0.0.11 to Talos 1.12.1: it came back with Talos 1.12.0, the one it had: Talos rolled back. The node runs, and " +
      "no other was touched. See why in its kernel log (talosctl dmesg) and whether factory/x:v1.12.1 is for this machine; then " +
      "run up again, or name the old version again.",
  );
  expect(asked().join("\n")).not.toContain("apply-config");
});

test("an upgrade that talosctl lost sight of is one when the node has the version", async () => {
  const lost = { on: "upgrade", fails: "rpc error: code = Unavailable desc = error reading from server: EOF" };
  script.rules(
    ...[runs("1.12.0", { node: "10.0.0.11", times: 3 }), ...others, runs("1.12.1", { node: "10.0.0.11" })],
    ...[...well, takes(snapshotOf("x")), lost, ...apply],
  );
  await engine.update(type, made, next);
  expect(asked().at(-1)).toBe("apply-config 10.0.0.11");
});

test("a worker is upgraded without a snapshot, and waited for", async () => {
  const worker = { ...args, machineType: "worker" };
  script.rules(...apply);
  const one = await engine.create(type, worker);
  script.rules(runs("1.12.0", { times: 3 }), runs("1.12.1"), ...well.slice(2), { on: "upgrade" }, ...apply);
  await engine.update(type, one, { ...next, machineType: "worker" });
  expect(asked().filter((line) => !line.startsWith("version"))).toEqual([
    ...["get machinestatus machine 10.0.0.11", "upgrade 10.0.0.11", "get machinestatus machine 10.0.0.11"],
    ...["gen config core", "get machineconfig v1alpha1 10.0.0.11", "apply-config 10.0.0.11"],
  ]);
});

test("a node that a killed run had begin is waited for while it drains, and not upgraded again", async () => {
  const draining = JSON.stringify({ spec: { stage: "upgrading", status: { ready: false } } });
  const rule = { on: "get machinestatus", node: "10.0.0.11", stdout: draining, times: 1 };
  script.rules(
    ...[runs("1.12.0", { node: "10.0.0.11", times: 2 }), ...others, runs("1.12.1", { node: "10.0.0.11" })],
    ...[rule, ...well, takes(snapshotOf("x")), ...apply],
  );
  await engine.update(type, made, next);
  expect(asked().join("\n")).not.toContain("upgrade");
  expect(asked().at(-1)).toBe("apply-config 10.0.0.11");
});

describe("another installer of the same version", () => {
  const image = `factory/metal-installer/${"a".repeat(64)}:v1.12.0`;
  const extensions = (...schematics: string[]): Rule => ({
    on: "get extensions",
    stdout: ["tailscale", ...schematics]
      .map(
        (name) =>
          `node: x\nspec:\n  metadata:\n    name: ${name.length === 64 ? "schematic" : name}\n    version: ${name}\n`,
      )
      .join("---\n"),
  });

  test("is installed", async () => {
    script.rules(
      ...[runs("1.12.0"), { ...extensions("b".repeat(64)), times: 2 }, extensions("a".repeat(64))],
      ...[...well, takes(snapshotOf("x")), { on: "upgrade" }, ...apply],
    );
    await engine.update(type, made, { ...args, installImage: image });
    expect(script.lines().filter((line) => line.startsWith("upgrade"))).toEqual([`upgrade --image ${image} --wait`]);
  });

  test("is not installed again by the run after a kill", async () => {
    script.rules(runs("1.12.0"), extensions("a".repeat(64)), ...well, ...apply);
    await engine.update(type, made, { ...args, installImage: image });
    expect(asked().at(-1)).toBe("apply-config 10.0.0.11");
  });

  test("that the node refuses is an error", async () => {
    const refused = { on: "upgrade", fails: "error validating installer image" };
    script.rules(runs("1.12.0"), extensions(), ...well, takes(snapshotOf("x")), refused, ...apply);
    expect(await messageOf(engine.update(type, made, { ...args, installImage: image }))).toBe(
      "upgrading 10.0.0.11 to Talos 1.12.0: talosctl said: error validating installer image",
    );
  });

  test("is taken to be there when its name has no schematic to look for", async () => {
    script.rules(runs("1.12.0"), ...well, takes(snapshotOf("x")), { on: "upgrade" }, ...apply);
    await engine.update(type, made, { ...args, installImage: "factory/y:v1.12.0" });
    expect(script.lines()).toContain("upgrade --image factory/y:v1.12.0 --wait");
  });
});
