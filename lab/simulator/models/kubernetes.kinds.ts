import { derive } from "../../world";
import type { Placed } from "../model";
import { at, mapsOf, textAt, type PropertyMap } from "../values";
import { mapAt } from "./kubernetes.cluster";
import { namespaceOf } from "./kubernetes.object";

const always = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
const statefulSet = ["podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"];

/** What cannot be changed in place, from forceNew in pulumi-kubernetes' provider/pkg/provider/diff.go. */
const replaced = new Map<string, readonly string[]>([
  ["kubernetes:apps/v1:Deployment", ["spec.selector"]],
  ["kubernetes:apps/v1:DaemonSet", ["spec.selector"]],
  ["kubernetes:apps/v1:StatefulSet", statefulSet.map((name) => `spec.${name}`)],
  ["kubernetes:batch/v1:Job", ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"]],
  ["kubernetes:core/v1:ConfigMap", ["binaryData", "data"]],
  ["kubernetes:core/v1:Secret", ["type", "stringData", "data"]],
  ["kubernetes:core/v1:PersistentVolumeClaim", ["spec"]],
  ["kubernetes:core/v1:Pod", ["spec"]],
  ["kubernetes:core/v1:ResourceQuota", ["spec.scopes"]],
  ["kubernetes:core/v1:Service", ["spec.clusterIP"]],
  ["kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", ["roleRef"]],
  ["kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", ["roleRef"]],
  ["kubernetes:storage.k8s.io/v1:StorageClass", ["parameters", "provisioner"]],
]);

export function replacedBy(type: string): readonly string[] {
  return [...always, ...(replaced.get(type) ?? [])];
}

const withStatus = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "Namespace",
  "PersistentVolumeClaim",
  "Pod",
  "Service",
]);

/** Outputs of a kind that a preview does not know. */
export function computedOf(kind: string): string[] {
  return [...(withStatus.has(kind) ? ["status"] : []), ...(kind === "Service" ? ["spec.clusterIP"] : [])];
}

/** What the API server and its controllers add to an object. */
export function stateOf(kind: string, subject: Placed): PropertyMap {
  const added = byKind(kind, subject);
  return { ...added, metadata: metadataOf(subject) };
}

function metadataOf(subject: Placed): PropertyMap {
  const { before, salt, urn, id } = subject;
  const digits = derive(salt, "uid", urn, id);
  const generation = at(before ?? {}, "metadata", "generation");
  const version = Number(
    textAt(before ?? {}, "metadata", "resourceVersion") || 1000 + Number.parseInt(digits.slice(0, 3), 16),
  );
  return {
    creationTimestamp: "2026-01-01T00:00:00Z",
    generation: typeof generation === "number" ? generation + 1 : 1,
    ...(id.includes("/") ? { namespace: namespaceOf(subject) } : {}),
    resourceVersion: String(version + (before === undefined ? 0 : 1)),
    uid: `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`,
  };
}

function byKind(kind: string, subject: Placed): PropertyMap {
  const { inputs } = subject;
  const replicas = at(inputs, "spec", "replicas");
  const wanted = typeof replicas === "number" ? replicas : 1;
  switch (kind) {
    case "Deployment":
      return {
        status: { availableReplicas: wanted, readyReplicas: wanted, replicas: wanted, updatedReplicas: wanted },
      };
    case "StatefulSet":
      return { status: { currentReplicas: wanted, readyReplicas: wanted, replicas: wanted } };
    case "DaemonSet":
      return { status: { currentNumberScheduled: 1, desiredNumberScheduled: 1, numberReady: 1 } };
    case "Job":
      return { status: { succeeded: 1 } };
    case "Namespace":
      return { spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
    case "Pod":
      return { status: { phase: "Running" } };
    case "PersistentVolumeClaim":
      return {
        spec: {
          volumeMode: "Filesystem",
          volumeName: `pvc-${derive(subject.salt, "volume", subject.urn).slice(0, 12)}`,
        },
        status: { phase: "Bound" },
      };
    case "Secret":
      return { type: "Opaque", ...dataOf(inputs) };
    case "Service":
      return service(subject);
    default:
      return {};
  }
}

/** stringData is written into data by the API server. */
function dataOf(inputs: PropertyMap): PropertyMap {
  const data: PropertyMap = {};
  for (const [key, value] of Object.entries(mapAt(inputs, "stringData")))
    if (typeof value === "string") data[key] = Buffer.from(value).toString("base64");
  return Object.keys(data).length === 0 ? {} : { data };
}

/** An address of the service network kubeadm and Talos use, 10.96.0.0/12; a load balancer's from RFC 5737's examples. */
function service(subject: Placed): PropertyMap {
  const type = textAt(subject.inputs, "spec", "type") || "ClusterIP";
  if (type === "ExternalName") return { spec: { type } };
  const digits = derive(subject.salt, "clusterIP", subject.urn, subject.id);
  const part = (from: number) => 1 + (Number.parseInt(digits.slice(from, from + 4), 16) % 254);
  const clusterIP = textAt(subject.inputs, "spec", "clusterIP") || `10.96.${part(0)}.${part(4)}`;
  const ports = mapsOf(at(subject.inputs, "spec", "ports"));
  const asked = textAt(subject.inputs, "spec", "loadBalancerIP") || `192.0.2.${part(8)}`;
  return {
    spec: { clusterIP, clusterIPs: [clusterIP], sessionAffinity: "None", type },
    status: { loadBalancer: type === "LoadBalancer" && ports.length > 0 ? { ingress: [{ ip: asked }] } : {} },
  };
}
