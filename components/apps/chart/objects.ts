import { parseAllDocuments } from "yaml";
import { z } from "zod";

/** Plain data, as JSON and YAML have it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const kubernetesObject = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().min(1).optional() }),
});

/** An object of the Kubernetes API: what every object has is checked, the rest is the API server's to check. */
export type KubernetesObject = z.infer<typeof kubernetesObject>;

const list = z.looseObject({ kind: z.string().endsWith("List"), items: z.array(z.unknown()) });

/** Objects as they come out of a cache file. Throws when that is something else. */
export function readObjects(json: string): KubernetesObject[] {
  return z.array(kubernetesObject).parse(JSON.parse(json));
}

/**
 * The objects of a YAML stream; empty documents are left out and lists are opened.
 *
 * Kubernetes reads YAML 1.1 (`defaultMode: 0644` is octal, `yes` is true), but neither its times nor its sexagesimal
 * numbers: `22:22` stays text. https://pkg.go.dev/sigs.k8s.io/yaml
 */
export function parseObjects(text: string): KubernetesObject[] {
  const documents = parseAllDocuments(text, {
    version: "1.1",
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !isTime(tag)),
  });
  if ("empty" in documents) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    return value === null ? [] : open(value);
  });
}

function open(value: unknown): KubernetesObject[] {
  const items = list.safeParse(value);
  return items.success ? items.data.items.flatMap(open) : [kubernetesObject.parse(value)];
}

function isTime(tag: { readonly tag: string; readonly format?: string }): boolean {
  return tag.format === "TIME" || tag.tag === "tag:yaml.org,2002:timestamp";
}
