import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { describeConfig } from "./machineConfig";
import type { Access, Nodes } from "./nodes";

/** The Talos version that a node runs, without "v". */
export async function talosVersionOf(nodes: Nodes, at: Access): Promise<string> {
  const said = await nodes.run(at, `asking ${at.node} for its version`, ["version"]);
  const tag = /Server:[\s\S]*?Tag:\s+v?(\S+)/.exec(said)?.[1];
  if (tag === undefined) throw new Error(`asking ${at.node} for its version: talosctl named none`);
  return tag;
}

/** The configuration that a node has: YAML, with every secret of the node in it. */
export function configOf(nodes: Nodes, at: Access): Promise<string> {
  const ask = ["get", "machineconfig", "v1alpha1", "--output", "jsonpath={.spec}"];
  return nodes.run(at, `reading the configuration of ${at.node}`, ask);
}

/** The version of Kubernetes in the configuration of a node: its kubelet's. */
export async function kubernetesVersionOf(nodes: Nodes, at: Access): Promise<string> {
  const { kubernetesVersion } = describeConfig(await configOf(nodes, at));
  if (typeof kubernetesVersion === "string") return kubernetesVersion;
  throw new Error(`the configuration of ${at.node} names no version of Kubernetes`);
}

const extension = z.object({ spec: z.object({ metadata: z.object({ name: z.string(), version: z.string() }) }) });

/** The schematic of the image factory that a node was installed from; undefined when it was from none. */
export async function schematicOf(nodes: Nodes, at: Access): Promise<string | undefined> {
  const ask = ["get", "extensions", "--output", "yaml"];
  const text = await nodes.run(at, `asking ${at.node} for its extensions`, ask);
  const metadata = parseAllDocuments(text).flatMap(
    (document) => extension.safeParse(document.toJS()).data?.spec.metadata ?? [],
  );
  // The factory lists the schematic among the extensions: https://github.com/siderolabs/image-factory
  return metadata.find(({ name }) => name === "schematic")?.version;
}
