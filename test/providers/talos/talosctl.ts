import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

import type { Plugin } from "../../../providers/common/plugin";
import type { TalosApi } from "../../../providers/talos/backends/api";
import { ServerBackend } from "../../../providers/talos/backends/server";
import { SnapshotPlace } from "../../../providers/talos/backends/snapshots";
import { Talosctl } from "../../../providers/talos/backends/talosctl";
import { talos } from "../../../providers/talos/provider";
import { Engine, temporaryFolder } from "../support";

import { FakeTalosctl, type Rule } from "./fakeTalosctl";

// What tests with it can't prove: that the real talosctl takes these arguments and says these words. That is for the lab's
// Talos nodes.

export const folder = temporaryFolder();
export const fake = new FakeTalosctl(folder);
export const snapshots = join(folder, "snapshots");
const patience = { attempts: 3, pause: 1 };
const timing = { booting: patience, settling: patience, answering: patience };

/** The provider over a talosctl, impatient. */
export function engineWith(talosctl: Talosctl): Engine<TalosApi> {
  const backend = new ServerBackend(talosctl, new SnapshotPlace(snapshots), timing);
  const plugin: Plugin<TalosApi> = { ...talos, connect: () => ({ backend, around: (_call, work) => work() }) };
  return new Engine(plugin, {});
}

export const engine = engineWith(new Talosctl(fake.path));

// Made for this run, so that finding them anywhere is finding a leak.
const word = (): string => randomBytes(24).toString("base64");
export const machineSecrets = stringify({ cluster: { secret: word() } });
export const clientConfiguration = { ca: word(), crt: word(), key: word() };
const confidential = [machineSecrets.trim(), ...Object.values(clientConfiguration)];

/** The options by which a node is reached, temporary files as their names. */
export const client = "--talosconfig TMP/talosconfig --nodes 10.0.0.11 --endpoints 10.0.0.11";

/** A snapshot as etcd streams it: pages, then their checksum. */
export function snapshotOf(text: string): Buffer {
  const pages = Buffer.alloc(1024, text);
  return Buffer.concat([pages, createHash("sha256").update(pages).digest()]);
}

/** What talosctl does when it takes a snapshot with this content. */
export function takes(content: Buffer, keys = 3): Rule {
  return {
    on: "etcd snapshot",
    writes: { after: "snapshot", text: content.toString("base64"), encoding: "base64" },
    stdout: `etcd snapshot saved\nsnapshot info: hash 0badcafe, revision 7, total keys ${keys}, total size 32768\n`,
  };
}

/** No argument of any call holds a secret, every file with one is its owner's only, and none is left behind. */
afterEach(() => {
  for (const call of fake.calls()) {
    for (const secret of confidential) expect(call.args.join(" ")).not.toContain(secret);
    for (const [name, { mode, folder: around }] of Object.entries(call.files)) {
      if (!name.endsWith(".db")) expect([name, mode, around]).toEqual([name, "600", "700"]);
    }
    expect(call.args.filter((arg) => arg.includes("estate-talos-") && existsSync(arg.replace(/^@/, "")))).toEqual([]);
    expect(call.talosconfig).toBe("/dev/null");
  }
});
