import type { Access, Caller } from "./access";
import type { Given, Parameters } from "./parameters";
import { badParameters, died } from "./refusal";
import type { NodeState, State, VmState } from "./state";
import type { Store } from "./store";
import type { Tasks } from "./tasks";
import type { Emulation } from "./emulation";

/** What a handler works with. */
export interface Request {
  readonly caller: Caller;
  /** The values in the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly given: Given;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly access: Access;
  readonly emulation: Emulation;
}

/** One method of the API. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** "/nodes/{node}/qemu"; without the values in it. */
  readonly path: string;
  readonly parameters?: Parameters;
  /** Callable without being logged in. @default false */
  readonly open?: true;
  /** @returns what stands under "data" */
  readonly handle: (request: Request) => unknown;
}

/** A parameter's only value. */
export function one(request: Request, name: string): string | undefined {
  return request.given.get(name)?.[0];
}

/** A parameter that the method requires, or a value of the path. */
export function must(request: Request, name: string): string {
  return request.path[name] ?? one(request, name) ?? "";
}

/** Every parameter with its only value. */
export function settingsOf(request: Request, ...without: readonly string[]): Record<string, string> {
  const entries = [...request.given].filter(([name]) => !without.includes(name));
  return Object.fromEntries(entries.map(([name, values]) => [name, values[0] ?? ""]));
}

/** The names in a list like "a,b c;d". */
export function listed(value: string | undefined): string[] {
  return (value ?? "").split(/[,; ]+/).filter((item) => item !== "");
}

/** A record without some of its entries. */
export function without<V>(all: Readonly<Record<string, V>>, names: readonly string[]): Record<string, V> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
}

/** @throws Refusal as when the request cannot be handed on to the node (PVE::Cluster::remote_node_ip) */
export function nodeOf(state: State, request: Request): NodeState {
  const name = request.path["node"] ?? "";
  const node = state.nodes[name];
  if (node !== undefined) return node;
  throw died(`hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`);
}

/** @throws Refusal when the node has no such VM (PVE::AbstractConfig::load_config) */
export function vmOf(state: State, request: Request): VmState {
  nodeOf(state, request);
  const { node = "", vmid = "" } = request.path;
  if (!/^[1-9]\d{2,8}$/.test(vmid))
    throw badParameters({ vmid: "invalid format - value does not look like a valid VM ID" });
  const vm = state.vms[vmid];
  if (vm?.node === node) return vm;
  throw died(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);
}
