import { createHash } from "node:crypto";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { canonical } from "../../common/diff";
import { toJson, type Json, type Known } from "../../common/values";

const machineType = z.enum(["controlplane", "worker"]).catch("controlplane");
const main = z.object({
  machine: z.object({
    type: machineType.optional(),
    kubelet: z.object({ image: z.string().optional() }).optional(),
    install: z.object({ image: z.string().optional() }).optional(),
  }),
  cluster: z.object({
    clusterName: z.string().optional(),
    controlPlane: z.object({ endpoint: z.string().optional() }).optional(),
  }),
});

/** One hash per meaning of a configuration: layout, comments and the order of keys and documents do not count. */
export function configHash(text: string): string {
  return createHash("sha256").update(documents(text).map(canonical).sort().join("\n")).digest("hex");
}

/** What a machine's configuration says about the inputs it was made from, as far as it does. */
export function describeConfig(text: string): Known {
  const config = documents(text)
    .map((document) => main.safeParse(document))
    .find(({ success }) => success)?.data;
  if (config === undefined) throw new Error("the machine's configuration has no document with machine and cluster");
  const { machine, cluster } = config;
  const version = /:v?([^:@]+)$/.exec(machine.kubelet?.image ?? "")?.[1];
  const found: [string, string | undefined][] = [
    ["machineType", machine.type],
    ["clusterName", cluster.clusterName],
    ["clusterEndpoint", cluster.controlPlane?.endpoint],
    ["kubernetesVersion", version],
    ["installImage", machine.install?.image],
  ];
  return Object.fromEntries(found.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

function documents(text: string): Json[] {
  return parseAllDocuments(text).map((document) => toJson(document.toJS()));
}
