import { isAbsolute } from "node:path";
import { z } from "zod";

import { World, withFaults } from "../../lab/world";
import { checkInputs } from "../common/inputs";
import type { Failure } from "../common/kind";
import type { Call, Connection, Plugin } from "../common/plugin";
import type { Known, Properties } from "../common/values";
import { WorldStore } from "../common/worldStore";

import type { TalosApi } from "./backends/api";
import { ServerBackend } from "./backends/server";
import { SnapshotPlace } from "./backends/snapshots";
import { Talosctl } from "./backends/talosctl";
import { WorldBackend } from "./backends/world";
import { cluster } from "./resources/cluster";
import { etcdSnapshot } from "./resources/etcdSnapshot";
import { machine } from "./resources/machine";
import { secrets } from "./resources/secrets";

const shape = {
  talosctl: z.string().min(1, { error: "must be a path, or a name on PATH" }).optional(),
  snapshots: z.string().refine(isAbsolute, { error: "must be an absolute path" }).optional(),
  world: z.string().min(1, { error: "must be the path of a world file" }).optional(),
};
const schema = z.object(shape);

/** Talos clusters as code, through talosctl. Against nodes, or against a simulated world. */
export const talos: Plugin<TalosApi> = {
  name: "talos",
  version: "0.1.0",
  kinds: [secrets, machine, cluster, etcdSnapshot],
  checkConfig,
  connect,
};

function checkConfig(config: Properties): readonly Failure[] {
  const { failures } = checkInputs(shape, config);
  const given = (name: string): boolean => (config[name] ?? null) !== null;
  if (failures.length > 0 || !given("world") || !given("talosctl")) return failures;
  return [{ property: "talosctl", reason: "cannot be given together with world: a provider has one backend" }];
}

function connect(config: Known): Connection<TalosApi> {
  const { talosctl = "talosctl", snapshots, world } = schema.parse(config);
  if (world === undefined) {
    const backend = new ServerBackend(new Talosctl(talosctl), new SnapshotPlace(snapshots));
    return { backend, around: (_call, work) => work() };
  }
  const simulated = new World(world);
  const around = <T>(call: Call, work: () => Promise<T>): Promise<T> => withFaults(simulated, call, work);
  return { backend: new WorldBackend(new WorldStore(simulated)), around };
}
