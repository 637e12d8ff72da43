import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { Who } from "../../common/kind";
import type { Partly, Values } from "../../common/spec";
import { toKnown } from "../../common/values";
import type { ClusterSpec, TalosApi } from "../backends/api";
import { clientExpiry, endsSoon, kubeconfigExpiry } from "../backends/certificates";
import { clientConfiguration, talosconfigText } from "../talosconfig";

import { halves } from "./recorded";

const address = z.string().min(1, { error: "must be an address" });
const inputs = {
  clusterName: z.string().min(1, { error: "must be the name of the cluster" }),
  bootstrapNode: address,
  bootstrapEndpoint: address.optional(),
  endpoint: z.string().regex(/^[^:/\s]+$|^\[[0-9a-fA-F:]+\]$/, {
    error: (issue) => `${JSON.stringify(issue.input)} must be a host without scheme and port, for example "10.0.0.10"`,
  }),
  nodes: z.array(address).min(1, { error: "must hold the address of at least one node" }),
  kubernetesVersion: z
    .string()
    .regex(/^\d+\.\d+\.\d+([-+].*)?$/, {
      error: (issue) => `${JSON.stringify(issue.input)} is no version such as "1.34.3"`,
    })
    .optional(),
  clientConfiguration,
};
const computed = {
  kubeconfig: z.string(),
  talosconfig: z.string(),
  /** Absent where nothing expires: in a simulated world. */
  kubeconfigExpires: z.string().optional(),
  talosconfigExpires: z.string().optional(),
};
type Inputs = Values<typeof inputs>;
type Computed = Values<typeof computed>;
type Shape = typeof inputs;
type Made = typeof computed;

/**
 * The cluster that machines make: its etcd is bootstrapped once, on one control plane, what an administrator needs to
 * reach it is fetched, and it counts as there once its Kubernetes API is ready. Another Kubernetes version is brought to all
 * nodes. Deleting it forgets all that; what becomes of the nodes is said by each Machine's `onDestroy`.
 *
 * A real kubeconfig has a new client certificate each time it is fetched, so a read asks whether the cluster answers and
 * keeps the one it has. When less than thirty days of it are left, `kubeconfigExpires` shows as a change, and the next update
 * fetches another.
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
    changed.size === 0 || changed.has("endpoint") || changed.has("clientConfiguration")
      ? ["kubeconfig", "talosconfig", "kubeconfigExpires", "talosconfigExpires"]
      : ["talosconfig"],
  repair: ({ kubeconfig }) =>
    kubeconfig !== undefined && endsSoon(kubeconfigExpiry(kubeconfig)) ? ["kubeconfigExpires"] : [],
  create: async (api, wanted, who) => {
    const spec = specOf(wanted);
    await api.bootstrap(spec, who);
    const made = complete(wanted, await api.kubeconfig(spec, who));
    await api.kubernetesAnswers(wanted.clusterName, made.kubeconfig, true);
    await note(api, wanted.clusterName, wanted, made, who);
    return { id: wanted.clusterName, computed: made };
  },
  read: async (api, id, before) => {
    const found = await api.recorded("Cluster", id, toKnown({ ...before?.inputs, ...before?.computed }));
    if (found !== "not kept") return found === undefined ? undefined : halves(found, inputs, computed);
    const wanted = z.object(inputs).safeParse(before?.inputs);
    const kubeconfig = before?.computed.kubeconfig;
    if (before === undefined || !wanted.success || kubeconfig === undefined)
      throw new Error(
        `The cluster ${id} cannot be read without its clientConfiguration, which an import does not have. ` +
          "Declare it and run up: a cluster that was bootstrapped is not bootstrapped again.",
      );
    await api.kubernetesAnswers(id, kubeconfig, false);
    const { kubernetesVersion: version } = wanted.data;
    if (version === undefined) return before;
    const kubernetesVersion = await api.kubernetesVersion(specOf(wanted.data), version);
    return { inputs: { ...before.inputs, kubernetesVersion }, computed: before.computed };
  },
  update: async (api, id, wanted, before, who) => {
    const spec = specOf(wanted);
    const { kubernetesVersion: version } = wanted;
    if (version !== undefined && version !== before.inputs.kubernetesVersion)
      await api.upgradeKubernetes(spec, version, who);
    const made = complete(wanted, keptKubeconfig(wanted, before) ?? (await api.kubeconfig(spec, who)));
    await note(api, id, wanted, made, who);
    return made;
  },
  delete: (api, id) => api.erase("Cluster", id),
});

/** The kubeconfig as it was, when it still leads to the cluster for a while. A client that was renewed is about its age. */
function keptKubeconfig(
  wanted: Inputs,
  { inputs: old, computed: { kubeconfig } }: Partly<Shape, Made>,
): string | undefined {
  const sameClient = old.clientConfiguration?.crt === wanted.clientConfiguration.crt;
  if (kubeconfig === undefined || old.endpoint !== wanted.endpoint || !sameClient) return undefined;
  return endsSoon(kubeconfigExpiry(kubeconfig)) ? undefined : kubeconfig;
}

function note(api: TalosApi, id: string, wanted: Inputs, made: object, who: Who): Promise<void> {
  return api.record("Cluster", id, { ...wanted, ...made }, who);
}

function specOf({ bootstrapEndpoint, kubernetesVersion: _, ...rest }: Inputs): ClusterSpec {
  return { ...rest, bootstrapEndpoint: bootstrapEndpoint ?? rest.bootstrapNode };
}

function complete(wanted: Inputs, kubeconfig: string): Computed {
  const { clusterName, nodes, clientConfiguration: client, bootstrapEndpoint, bootstrapNode } = wanted;
  const kubeconfigExpires = kubeconfigExpiry(kubeconfig);
  const talosconfigExpires = clientExpiry(client);
  return {
    kubeconfig,
    talosconfig: talosconfigText(clusterName, client, [bootstrapEndpoint ?? bootstrapNode], nodes),
    ...(kubeconfigExpires === undefined ? {} : { kubeconfigExpires }),
    ...(talosconfigExpires === undefined ? {} : { talosconfigExpires }),
  };
}
