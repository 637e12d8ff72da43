import { objectsOf, removeObject, type WorldData } from "../../world";
import type { Placed, Subject } from "../model";
import { at, get, isMap, textAt, Unknown, type PropertyMap } from "../values";
import { clusterOf, mapAt } from "./kubernetes.cluster";

const crdType = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
const namespaceType = "kubernetes:core/v1:Namespace";
/** Every cluster comes with them. */
const bornNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** API groups that an API server serves by itself, 1.34. */
const builtIn = new Set([
  "",
  "core",
  "apps",
  "batch",
  "autoscaling",
  "policy",
  "extensions",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

const clusterScoped = new Set([
  "Namespace",
  "Node",
  "PersistentVolume",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "StorageClass",
  "IngressClass",
  "PriorityClass",
  "RuntimeClass",
  "APIService",
  "CSIDriver",
  "CSINode",
  "VolumeAttachment",
  "DeviceClass",
  "ResourceSlice",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "FlowSchema",
  "PriorityLevelConfiguration",
  "CertificateSigningRequest",
  "ClusterTrustBundle",
  "ServiceCIDR",
  "IPAddress",
]);

const groupOf = (inputs: PropertyMap): string => {
  const version = textAt(inputs, "apiVersion");
  return version.includes("/") ? version.slice(0, version.indexOf("/")) : "";
};
const kindOf = ({ type, inputs }: Subject): string => textAt(inputs, "kind") || type.slice(type.lastIndexOf(":") + 1);

/** Gives a name where there is none, keeping the one it was given before, and marks it as the provider does. */
export function checkObject(subject: Subject, before: PropertyMap): PropertyMap {
  const metadata = mapAt(subject.inputs, "metadata");
  if (get(metadata, "name") !== undefined || get(metadata, "generateName") !== undefined) return subject.inputs;
  if (get(subject.inputs, "metadata") instanceof Unknown) return subject.inputs;
  const kept = at(before, "metadata", "annotations", autonamed) === "true" ? textAt(before, "metadata", "name") : "";
  const name = kept || `${subject.name}-${subject.seed}`;
  const annotations = { ...mapAt(metadata, "annotations"), [autonamed]: "true" };
  return { ...subject.inputs, metadata: { ...metadata, name, annotations } };
}

const autonamed = "pulumi.com/autonamed";

/** An object of the same name cannot live beside the one it replaces. */
export function deletesFirst(subject: Subject, before: PropertyMap): boolean {
  const [name, old] = [textAt(subject.inputs, "metadata", "name"), textAt(before, "metadata", "name")];
  const given = at(subject.inputs, "metadata", "annotations", autonamed) !== "true";
  return (
    given && name === old && textAt(subject.inputs, "metadata", "namespace") === textAt(before, "metadata", "namespace")
  );
}

/** `namespace/name`, or the name alone for what has no namespace. */
export function idOf(subject: Subject, world: WorldData): string {
  const name = textAt(subject.inputs, "metadata", "name");
  const definition = definitionOf(subject, world);
  const scoped =
    definition === undefined ? clusterScoped.has(kindOf(subject)) : textIn(definition["spec"], "scope") === "Cluster";
  return scoped ? name : `${namespaceOf(subject)}/${name}`;
}

export function namespaceOf({ inputs, config }: Subject): string {
  return textAt(inputs, "metadata", "namespace") || textAt(config, "namespace") || "default";
}

/** Two clusters may have the same object. */
export function keyOfObject(id: string, { config }: Subject): string {
  return `${clusterOf(config)}/${id}`;
}

/** Throws as the API server does: unknown kind, namespace that is not there. */
export function verifyObject(subject: Placed, world: WorldData): void {
  const group = groupOf(subject.inputs);
  if (!builtIn.has(group) && definitionOf(subject, world) === undefined)
    throw new Error(
      `creation of resource ${subject.id} failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. ` +
        `Verify that any required CRDs have been created: no matches for kind "${kindOf(subject)}" in version "${textAt(subject.inputs, "apiVersion")}"`,
    );
  if (!subject.id.includes("/")) return;
  const namespace = subject.id.slice(0, subject.id.indexOf("/"));
  const known = objectsOf(world, namespaceType)[keyOfObject(namespace, subject)] !== undefined;
  if (!known && !bornNamespaces.includes(namespace)) throw new Error(`namespaces "${namespace}" not found`);
}

/** The cluster's definition of a custom kind, as the world has it. */
function definitionOf(subject: Subject, world: WorldData): Record<string, unknown> | undefined {
  const prefix = keyOfObject("", subject);
  const found = Object.entries(objectsOf(world, crdType)).find(
    ([key, { spec }]) =>
      key.startsWith(prefix) &&
      textIn(spec, "group") === groupOf(subject.inputs) &&
      textIn(field(spec, "names"), "kind") === kindOf(subject),
  );
  return found?.[1];
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

function textIn(value: unknown, key: string): string {
  const found = field(value, key);
  return typeof found === "string" ? found : "";
}

/** With a namespace goes everything in it. */
export function emptyNamespace(world: WorldData, subject: Placed): void {
  if (subject.type !== namespaceType || objectsOf(world, namespaceType)[keyOfObject(subject.id, subject)] !== undefined)
    return;
  const prefix = keyOfObject(`${subject.id}/`, subject);
  for (const type of Object.keys(world.resources).filter((name) => name.startsWith("kubernetes:")))
    for (const key of Object.keys(objectsOf(world, type))) if (key.startsWith(prefix)) removeObject(world, type, key);
}

export function defaultNamespace(object: PropertyMap, namespace: string): PropertyMap {
  if (clusterScoped.has(textAt(object, "kind"))) return object;
  const metadata = get(object, "metadata");
  const fields = isMap(metadata) ? metadata : {};
  return textAt(fields, "namespace") === "" ? { ...object, metadata: { ...fields, namespace } } : object;
}
