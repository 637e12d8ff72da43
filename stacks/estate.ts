import type { EstateShape } from "./schema";

/** The value type of a spec's table: Entry<"machines"> is a machine. */
type Entry<K extends "machines" | "hosts" | "networks" | "clusters" | "apps" | "repositories" | "people"> =
  EstateShape[K][string];

type DeepReadonly<T> = T extends (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

export type Person = DeepReadonly<Entry<"people">>;
export type Network = DeepReadonly<Entry<"networks">>;
export type Host = DeepReadonly<Entry<"hosts">>;
export type Gpu = Host["gpus"][string];
export type Service = DeepReadonly<Entry<"machines">["serves"][string]>;
export type Publication = NonNullable<Service["public"]>;
export type ExternalMachine = DeepReadonly<Extract<Entry<"machines">, { kind: "external" }>>;
/** A VM with the address it will have. */
export type Vm = DeepReadonly<Omit<Exclude<Entry<"machines">, { kind: "external" }>, "kind" | "address">> & {
  readonly kind: "vm";
  readonly address: string;
};
export type Machine = Vm | ExternalMachine;
export type TalosClusterSpec = DeepReadonly<Extract<Entry<"clusters">, { kind: "talos" }>> & {
  /** Address of the Kubernetes API: the VIP, or the first control plane. */
  readonly endpoint: string;
};
export type ExistingClusterSpec = DeepReadonly<Extract<Entry<"clusters">, { kind: "existing" }>>;
export type Cluster = TalosClusterSpec | ExistingClusterSpec;
export type App = DeepReadonly<Entry<"apps">> & { readonly namespace: string };
export type Repository = DeepReadonly<Entry<"repositories">>;
/** The control server of a tailnet: a hub on a machine of the estate, a hub that exists, or Tailscale's own service. */
export type Control =
  | { readonly kind: "headscale"; readonly on: string; readonly apiKeyEdition: number }
  | { readonly kind: "headscale"; readonly loginServer: string }
  | {
      readonly kind: "tailscale";
      readonly tailnet: string;
      readonly watch: readonly string[];
      readonly replacePolicy: boolean;
    };
export type TailnetSpec = Omit<DeepReadonly<EstateShape["tailnet"]>, "control"> & {
  readonly control: Control;
  readonly baseDomain: string;
};

/** A loaded estate: validated, complete, frozen, free of Pulumi types. What components are built from. */
export interface Estate {
  readonly org: string;
  readonly domain: string;
  readonly people: Readonly<Record<string, Person>>;
  readonly networks: Readonly<Record<string, Network>>;
  readonly hosts: Readonly<Record<string, Host>>;
  readonly machines: Readonly<Record<string, Machine>>;
  readonly tailnet: TailnetSpec;
  readonly clusters: Readonly<Record<string, Cluster>>;
  readonly apps: Readonly<Record<string, App>>;
  readonly repositories: Readonly<Record<string, Repository>>;
}

/** The VMs of an estate, with their names. */
export function vmsOf(estate: Pick<Estate, "machines">): [string, Vm][] {
  return Object.entries(estate.machines).flatMap(([name, machine]): [string, Vm][] =>
    machine.kind === "vm" ? [[name, machine]] : [],
  );
}

/** The clusters that the estate makes, with their names. */
export function talosClustersOf({ clusters }: Pick<Estate, "clusters">): [string, TalosClusterSpec][] {
  return Object.entries(clusters).flatMap(([name, cluster]): [string, TalosClusterSpec][] =>
    cluster.kind === "talos" ? [[name, cluster]] : [],
  );
}

/** The clusters that exist, with their names. */
export function existingClustersOf({ clusters }: Pick<Estate, "clusters">): [string, ExistingClusterSpec][] {
  return Object.entries(clusters).flatMap(([name, cluster]): [string, ExistingClusterSpec][] =>
    cluster.kind === "existing" ? [[name, cluster]] : [],
  );
}

/** Names of the machines that are nodes of a cluster, control planes first; of one that exists no machine is. */
export function nodeNames(cluster: Cluster): string[] {
  return cluster.kind === "existing" ? [] : [...cluster.controlPlanes, ...cluster.workers];
}

/** Networks of a cluster that the tailnet routes. */
export function routedCidrs(cluster: Cluster): string[] {
  if (cluster.kind === "talos") return [cluster.podCidr, cluster.serviceCidr];
  return cluster.tailnet === undefined ? [] : [cluster.tailnet.serviceCidr];
}

/** The network of a cluster's services; undefined when the tailnet does not reach it. */
export function serviceCidrOf(cluster: Cluster): string | undefined {
  return cluster.kind === "talos" ? cluster.serviceCidr : cluster.tailnet?.serviceCidr;
}

/** The secret that holds the kubeconfig of a cluster that exists: kubeconfigSecret("gpu-farm") is "gpuFarmKubeconfig". */
export function kubeconfigSecret(cluster: string): string {
  return `${cluster.replace(/-+(.)/g, (_, next: string) => next.toUpperCase())}Kubeconfig`;
}

/** The machine that runs the control server; undefined when the estate runs none. */
export function hubOf({ control }: Pick<TailnetSpec, "control">): string | undefined {
  return "on" in control ? control.on : undefined;
}

/** An entry that the loader has checked to exist. A missing one is a defect of the loader, not of the spec. */
export function entry<T>(table: Readonly<Record<string, T>>, name: string): T {
  const value = table[name];
  if (value === undefined) throw new Error(`"${name}" was not checked by the loader`);
  return value;
}
