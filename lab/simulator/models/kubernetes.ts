import type { Model, PackageModels } from "../model";
import { isMap, textAt, type PropertyMap, type Value } from "../values";
import { clusterOf } from "./kubernetes.cluster";
import {
  checkObject,
  defaultNamespace,
  deletesFirst,
  keyOfObject,
  idOf,
  verifyObject,
  emptyNamespace,
} from "./kubernetes.object";
import { loadYaml, yaml } from "./kubernetes.yaml";
import { computedOf, replacedBy, stateOf } from "./kubernetes.kinds";

// kubernetes 4.25.0 with server-side apply, its default: a create takes over what exists already.

const object: Model = {
  check: checkObject,
  id: idOf,
  key: keyOfObject,
  upsert: true,
  verify: verifyObject,
  deleteBeforeReplace: deletesFirst,
  settle: emptyNamespace,
};

/** One model per type token, made when it is first asked for: `kubernetes:apps/v1:Deployment`. */
const models = new Map<string, Model>();

function resource(type: string): Model | undefined {
  if (!/^kubernetes:[^:]+:[^:]+$/.test(type)) return undefined;
  const known = models.get(type);
  if (known !== undefined) return known;
  const kind = type.slice(type.lastIndexOf(":") + 1);
  const secret = kind === "Secret" ? { secret: ["data", "stringData"] } : {};
  const model: Model = {
    ...object,
    ...secret,
    replaceOn: replacedBy(type),
    computed: [
      "metadata.uid",
      "metadata.resourceVersion",
      "metadata.creationTimestamp",
      "metadata.generation",
      ...computedOf(kind),
    ],
    volatile: ["metadata.resourceVersion", "metadata.generation"],
    state: (subject) => stateOf(kind, subject),
  };
  models.set(type, model);
  return model;
}

/** The objects in a YAML text, lists opened, as the provider's own function gives them. */
function decode(args: PropertyMap): PropertyMap {
  const objects = yaml()
    .parseAllDocuments(textAt(args, "text"))
    .flatMap((document) => opened(valueOf(document.toJS())));
  const namespace = textAt(args, "defaultNamespace");
  return { result: objects.map((item) => (namespace === "" ? item : defaultNamespace(item, namespace))) };
}

function opened(value: Value): PropertyMap[] {
  if (!isMap(value)) return [];
  const items = value["items"];
  return textAt(value, "kind").endsWith("List") && Array.isArray(items) ? items.flatMap(opened) : [value];
}

function valueOf(value: unknown): Value {
  if (Array.isArray(value)) return value.map(valueOf);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, valueOf(item)]));
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

export const kubernetes: PackageModels = {
  resource,
  prepare: loadYaml,
  identity: clusterOf,
  invokes: new Map([["kubernetes:yaml:decode", decode]]),
};
