import { textAt, get, isMap, type PropertyMap, type Value } from "../values";
import { yaml } from "./kubernetes.yaml";

const read = new Map<string, string>();

/**
 * Which cluster a provider's configuration is about: the server of the kubeconfig's current context (host and port), so
 * that objects of two clusters stay apart. "default" without a kubeconfig.
 */
export function clusterOf(config: PropertyMap): string {
  const kubeconfig = get(config, "kubeconfig");
  const context = textAt(config, "context");
  const text = typeof kubeconfig === "string" ? kubeconfig : kubeconfig === undefined ? "" : JSON.stringify(kubeconfig);
  if (text === "") return context || "default";
  const key = `${context}\n${text}`;
  const known = read.get(key) ?? serverOf(text, context);
  read.set(key, known);
  return known;
}

function serverOf(text: string, wanted: string): string {
  let file: unknown;
  try {
    file = yaml().parse(text);
  } catch {
    throw new Error("failed to parse kubeconfig: it is no YAML");
  }
  const context = wanted || textOf(field(file, "current-context"));
  const cluster = textOf(field(field(named(field(file, "contexts"), context), "context"), "cluster")) || context;
  const server = textOf(field(field(named(field(file, "clusters"), cluster), "cluster"), "server"));
  if (server === "") throw new Error("failed to parse kubeconfig: its current context names no cluster with a server");
  return server.replace(/^[a-z]+:\/\//, "").replace(/\/.*$/, "");
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

function named(list: unknown, name: string): unknown {
  return Array.isArray(list) ? list.find((item: unknown) => field(item, "name") === name) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Labels and annotations are texts to texts; everything else of them is left to the API server. */
export function mapAt(map: PropertyMap, key: string): PropertyMap {
  const value: Value | undefined = get(map, key);
  return isMap(value) ? value : {};
}
