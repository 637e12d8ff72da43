import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { stringify } from "yaml";

import type { Plugin } from "../../../providers/common/plugin";
import type { TalosApi } from "../../../providers/talos/backends/api";
import { ServerBackend } from "../../../providers/talos/backends/server";
import { Talosctl } from "../../../providers/talos/backends/talosctl";
import { talos } from "../../../providers/talos/provider";
import { Engine, temporaryFolder } from "../support";

import { FakeTalosctl } from "./fakeTalosctl";

// What tests with it can't prove: that the real talosctl takes these arguments and says these words. That is for the lab's
// Talos nodes.

export const folder = temporaryFolder();
export const fake = new FakeTalosctl(folder);
const patience = { attempts: 3, pause: 1 };
const plugin: Plugin<TalosApi> = {
  ...talos,
  connect: () => ({ backend: new ServerBackend(new Talosctl(fake.path), patience), around: (_call, work) => work() }),
};
export const engine = new Engine(plugin, {});

// Made for this run, so that finding them anywhere is finding a leak.
const word = (): string => randomBytes(24).toString("base64");
export const machineSecrets = stringify({ cluster: { secret: word() } });
export const clientConfiguration = { ca: word(), crt: word(), key: word() };
const confidential = [machineSecrets.trim(), ...Object.values(clientConfiguration)];

/** The options by which a node is reached, temporary files as their names. */
export const client = "--talosconfig TMP/talosconfig --nodes 10.0.0.11 --endpoints 10.0.0.11";

/** No argument of any call holds a secret, every file with one is its owner's only, and none is left behind. */
afterEach(() => {
  for (const call of fake.calls()) {
    for (const secret of confidential) expect(call.args.join(" ")).not.toContain(secret);
    for (const [name, { mode, folder: around }] of Object.entries(call.files)) {
      if (name !== "etcd.db") expect([name, mode, around]).toEqual([name, "600", "700"]);
    }
    expect(call.args.filter((arg) => arg.includes("estate-talos-") && existsSync(arg.replace(/^@/, "")))).toEqual([]);
    expect(call.talosconfig).toBe("/dev/null");
  }
});
