import { isAbsolute } from "node:path";
import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import { idOf } from "../../common/identity";
import type { Values } from "../../common/spec";
import { toKnown } from "../../common/values";
import type { SnapshotSpec, TalosApi } from "../backends/api";
import { clientConfiguration } from "../talosconfig";

import { halves } from "./recorded";

const inputs = {
  node: z.string().min(1, { error: "must be the address of a control plane" }),
  endpoint: z.string().min(1, { error: "must be an address" }).optional(),
  path: z.string().refine(isAbsolute, { error: (issue) => `${JSON.stringify(issue.input)} must be an absolute path` }),
  trigger: z.string().default(""),
  clientConfiguration,
};
const computed = { sha256: z.string(), size: z.number() };

/**
 * A snapshot of etcd in a file of the machine that runs the program. Another `trigger` takes it again. It holds every secret
 * of the cluster, so only its owner can read the file. Deleting the resource leaves it: a backup is not thrown away
 * because the thing it saves is.
 */
export const etcdSnapshot = defineKind<TalosApi, typeof inputs, typeof computed>({
  token: "talos:index:EtcdSnapshot",
  inputs,
  computed,
  secrets: ["clientConfiguration"],
  volatile: () => ["sha256", "size"],
  create: async (api, wanted, who) => {
    const taken = await api.takeSnapshot(specOf(wanted), who);
    await api.record("EtcdSnapshot", idOf(who), { ...wanted, ...taken }, who);
    return { id: idOf(who), computed: taken };
  },
  read: async (api, id, before) => {
    const found = await api.recorded("EtcdSnapshot", id, toKnown({ ...before?.inputs }));
    if (found !== "not kept") return found === undefined ? undefined : halves(found, inputs, computed);
    const path = before?.inputs.path;
    if (before === undefined || path === undefined)
      throw new Error("A snapshot cannot be imported: declare it with another path, and a new one is taken.");
    const there = await api.snapshotAt(path);
    return there === undefined ? undefined : { inputs: before.inputs, computed: there };
  },
  update: async (api, id, wanted, _before, who) => {
    const taken = await api.takeSnapshot(specOf(wanted), who);
    await api.record("EtcdSnapshot", id, { ...wanted, ...taken }, who);
    return taken;
  },
  delete: (api, id) => api.erase("EtcdSnapshot", id),
});

function specOf({ endpoint, ...rest }: Values<typeof inputs>): SnapshotSpec {
  return { ...rest, endpoint: endpoint ?? rest.node };
}
