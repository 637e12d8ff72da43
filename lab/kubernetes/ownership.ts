import { z } from "zod";
import type { NodeFacts, Taint } from "./facts";

/** What a node carries whose kubelet kwok plays; one that is switched off does not. */
export const kubeletLabel = "kwok.x-k8s.io/node";

const strings = z.record(z.string(), z.string()).default({});

/** What is read of a node. */
export const nodeSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), labels: strings, annotations: strings }),
  spec: z.object({
    unschedulable: z.boolean().default(false),
    taints: z.array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() })).default([]),
  }),
});
type Node = z.output<typeof nodeSchema>;

/** A value to set, or null to remove it. */
type Changes = Readonly<Record<string, string | null>>;

/** Talos notes on a node what of it is its own, and leaves everything else alone. */
const annotations = {
  labels: "talos.dev/owned-labels",
  taints: "talos.dev/owned-taints",
  cordoned: "talos.dev/cordoned",
} as const;

/**
 * What Talos and a kubelet change about a node as it is, as a JSON merge patch that holds for this version of it only.
 * https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/k8s/node_apply.go
 */
export function nodeChanges(node: Node, facts: NodeFacts) {
  const labels = changedLabels(node, facts.labels);
  const taints = changedTaints(node, facts.taints);
  const cordon = changedCordon(node, facts.cordoned);
  return {
    metadata: {
      resourceVersion: node.metadata.resourceVersion,
      labels: { ...labels.changes, ...kubeletLabels(facts) },
      annotations: {
        [annotations.labels]: written(labels.owned),
        [annotations.taints]: written(taints.owned),
        ...cordon.annotation,
      },
    },
    spec: { taints: taints.taints, ...cordon.spec },
  };
}

function kubeletLabels({ name, ready }: NodeFacts): Changes {
  const platform = { "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name };
  return { ...platform, [kubeletLabel]: ready ? "fake" : null };
}

function changedLabels({ metadata }: Node, wanted: Readonly<Record<string, string>>) {
  const before = ownedIn(metadata.annotations[annotations.labels]);
  const dropped = before.filter((key) => !(key in wanted)).map((key) => [key, null] as const);
  const kept = Object.entries(wanted).filter(([key, value]) => {
    const current = metadata.labels[key];
    return current === undefined || current === value || before.includes(key);
  });
  const changes: Changes = Object.fromEntries([...dropped, ...kept]);
  return { changes, owned: kept.map(([key]) => key) };
}

function changedTaints({ metadata, spec }: Node, wanted: readonly Taint[]) {
  const before = ownedIn(metadata.annotations[annotations.taints]);
  const others = spec.taints.filter(
    (taint) => !before.includes(taint.key) && !wanted.some((own) => isSame(own, taint)),
  );
  const kept = wanted.filter(({ key }) => !others.some((other) => other.key === key));
  return { taints: [...others, ...kept], owned: kept.map(({ key }) => key) };
}

function isSame(one: Taint, other: Taint): boolean {
  return one.key === other.key && one.effect === other.effect && (one.value ?? "") === (other.value ?? "");
}

/** A cordon of an administrator's is not lifted. */
function changedCordon({ metadata, spec }: Node, cordoned: boolean) {
  if (cordoned && !spec.unschedulable)
    return { spec: { unschedulable: true }, annotation: { [annotations.cordoned]: "true" } };
  const isOwn = annotations.cordoned in metadata.annotations;
  if (cordoned || !spec.unschedulable || !isOwn) return { spec: {}, annotation: {} };
  return { spec: { unschedulable: null }, annotation: { [annotations.cordoned]: null } };
}

function ownedIn(annotation = "[]"): string[] {
  return z.array(z.string()).parse(JSON.parse(annotation));
}

function written(owned: readonly string[]): string | null {
  return owned.length === 0 ? null : JSON.stringify([...owned].sort());
}
