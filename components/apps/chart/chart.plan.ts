import type { InputProblem } from "../../inputProblems";
import type { KubernetesObject } from "./objects";

/** What a chart becomes, in the order in which it must exist. */
export interface ChartPlan {
  /** Custom resource definitions: whatever is defined by them comes after. */
  readonly definitions: readonly KubernetesObject[];
  readonly objects: readonly KubernetesObject[];
}

/** Kinds of Kubernetes 1.34 that live outside namespaces and that a chart may bring. https://kubernetes.io/docs/reference/kubernetes-api/ */
const clusterScoped: ReadonlySet<string> = new Set([
  "APIService",
  "CSIDriver",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "DeviceClass",
  "FlowSchema",
  "IngressClass",
  "MutatingWebhookConfiguration",
  "Namespace",
  "PersistentVolume",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttributesClass",
  "VolumeSnapshotClass",
]);

/**
 * Plans a chart's objects: namespaced ones name their namespace, definitions come first, and the order does not depend on
 * how helm printed them.
 *
 * @param rendered the objects as rendered
 * @param namespace for namespaced objects that name none
 */
export function planChart(rendered: readonly KubernetesObject[], namespace: string): ChartPlan {
  const scopes = clusterScopedBy(rendered);
  const placed = rendered.map((object) => place(object, namespace, scopes)).sort(byIdentity);
  return {
    definitions: placed.filter(isDefinition),
    objects: placed.filter((object) => !isDefinition(object)),
  };
}

/** Everything wrong with a plan. A policy and the component share it. */
export function chartProblems({ definitions, objects }: ChartPlan): InputProblem[] {
  const all = [...definitions, ...objects];
  return [...duplicates(all), ...all.filter(carriesSecret).map(secretInChart)];
}

/** The name by which people know an object: "Deployment/web in demo". */
export function describeObject({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return `${kind}/${name}${namespace === undefined ? "" : ` in ${namespace}`}`;
}

function isDefinition({ kind }: KubernetesObject): boolean {
  return kind === "CustomResourceDefinition";
}

/** Kinds that the chart itself defines as cluster-scoped, with Kubernetes' own. */
function clusterScopedBy(rendered: readonly KubernetesObject[]): ReadonlySet<string> {
  const own = rendered.filter(isDefinition).flatMap((definition) => {
    const spec = definition["spec"];
    if (!isRecord(spec) || spec["scope"] !== "Cluster" || !isRecord(spec["names"])) return [];
    const kind = spec["names"]["kind"];
    return typeof kind === "string" ? [kind] : [];
  });
  return new Set([...clusterScoped, ...own]);
}

function place(object: KubernetesObject, namespace: string, scopes: ReadonlySet<string>): KubernetesObject {
  if (scopes.has(object.kind) || object.metadata.namespace !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function byIdentity(a: KubernetesObject, b: KubernetesObject): number {
  const [first, second] = [identity(a), identity(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** The API server knows no version: two versions of a group are one object. */
function identity({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes("/") ? apiVersion.replace(/\/.*$/, "") : "";
  return [kind, group, metadata.namespace ?? "", metadata.name].join("\0");
}

function duplicates(objects: readonly KubernetesObject[]): InputProblem[] {
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const key = identity(object);
    const again = seen.has(key);
    seen.add(key);
    return again
      ? [{ propertyPath: describeObject(object), reason: "is in the chart twice: give one of the two another name" }]
      : [];
  });
}

function carriesSecret(object: KubernetesObject): boolean {
  return object.kind === "Secret" && [object["data"], object["stringData"]].some(hasEntries);
}

function secretInChart(object: KubernetesObject): InputProblem {
  return {
    propertyPath: describeObject(object),
    reason:
      "has data from the chart, which would be in clear in the state: create the secret beside the chart and name it in its values",
  };
}

function hasEntries(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
