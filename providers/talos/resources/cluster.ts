import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { Who } from "../../common/kind";
import type { Values } from "../../common/spec";
import { toKnown } from "../../common/values";
import type { TalosApi } from "../backends/api";
import { clientConfiguration, talosconfigText } from "../talosconfig";

import { halves } from "./recorded";

const address = z.string().min(1, { error: "must be an address" });
const inputs = {
  clusterName: z.string().min(1, { error: "must be the name of the cluster" }),
  bootstrapNode: address,
  endpoint: z.string().regex(/^[^:/\s]+$|^\[[0-9a-fA-F:]+\]$/, {
    error: (issue) => `${JSON.stringify(issue.input)} must be a host without scheme and port, for example "10.0.0.10"`,
  }),
  nodes: z.array(address).min(1, { error: "must hold the address of at least one node" }),
  clientConfiguration,
};
const computed = { kubeconfig: z.string(), talosconfig: z.string() };
type Inputs = Values<typeof inputs>;

/**
 * The cluster that machines make: its etcd is bootstrapped once, on one control plane, and what an administrator needs to
 * reach it is fetched. Deleting it forgets that; what becomes of the nodes is said by each Machine's `onDestroy`.
 *
 * A real kubeconfig has a new client certificate each time it is fetched, so a read asks whether the cluster answers and
 * keeps the one it has.
 */
export const cluster = defineKind<TalosApi, typeof inputs, typeof computed>({
  token: "talos:index:Cluster",
  inputs,
  computed,
  secrets: ["clientConfiguration", "kubeconfig", "talosconfig"],
  replaces: ["clusterName"],
  // A node can bootstrap one cluster.
  deleteBeforeReplace: true,
  volatile: (changed) =>
    changed.has("endpoint") || changed.has("clientConfiguration") ? ["kubeconfig", "talosconfig"] : ["talosconfig"],
  create: async (api, wanted, who) => {
    await api.bootstrap(wanted, who);
    const made = { kubeconfig: await api.kubeconfig(wanted, who), talosconfig: talosconfigOf(wanted) };
    await note(api, wanted.clusterName, wanted, made, who);
    return { id: wanted.clusterName, computed: made };
  },
  read: async (api, id, before, who) => {
    const found = await api.recorded("Cluster", id, toKnown({ ...before?.inputs, ...before?.computed }));
    if (found !== "not kept") return found === undefined ? undefined : halves(found, inputs, computed);
    const wanted = z.object(inputs).safeParse(before?.inputs);
    if (before === undefined || !wanted.success)
      throw new Error(
        `The cluster ${id} cannot be read without its clientConfiguration, which an import does not have. ` +
          "Declare it and run up: a cluster that was bootstrapped is not bootstrapped again.",
      );
    await api.kubeconfig(wanted.data, who);
    return before;
  },
  update: async (api, id, wanted, before, who) => {
    const same = before.inputs.endpoint === wanted.endpoint ? before.computed.kubeconfig : undefined;
    const made = { kubeconfig: same ?? (await api.kubeconfig(wanted, who)), talosconfig: talosconfigOf(wanted) };
    await note(api, id, wanted, made, who);
    return made;
  },
  delete: (api, id) => api.erase("Cluster", id),
});

function note(api: TalosApi, id: string, wanted: Inputs, made: object, who: Who): Promise<void> {
  return api.record("Cluster", id, { ...wanted, ...made }, who);
}

function talosconfigOf({ clusterName, nodes, clientConfiguration: client, bootstrapNode }: Inputs): string {
  return talosconfigText(clusterName, client, [bootstrapNode], nodes);
}
