import type { EstateInput } from "./schema";

type Of<T> = T extends Readonly<Record<string, infer V>> ? V : never;
type Part<K extends keyof EstateInput> = Of<NonNullable<EstateInput[K]>>;
type Vm = Exclude<Part<"machines">, { kind: "external" }>;
type External = Extract<Part<"machines">, { kind: "external" }>;
type Runners<M extends string> = { ephemeral: Omit<EphemeralRunners, "on"> & { on: NoInfer<M> } };
type EphemeralRunners = NonNullable<Part<"repositories">["runners"]>["ephemeral"];
type Control<M extends string> =
  | { kind: "headscale"; on: NoInfer<M> }
  | { kind: "headscale"; loginServer: string }
  | (Omit<Extract<EstateInput["tailnet"]["control"], { kind: "tailscale" }>, "watch"> & { watch?: NoInfer<M>[] });
type TalosCluster = Extract<Part<"clusters">, { kind: "talos" }>;
type ExistingCluster = Extract<Part<"clusters">, { kind: "existing" }>;
type Reach = NonNullable<ExistingCluster["tailnet"]>;
type Cluster<M extends string> =
  | (Omit<TalosCluster, "controlPlanes" | "workers"> & { controlPlanes: NoInfer<M>[]; workers?: NoInfer<M>[] })
  | (Omit<ExistingCluster, "tailnet"> & { tailnet?: Omit<Reach, "routers"> & { routers: NoInfer<M>[] } });
type DnsInput = NonNullable<EstateInput["tailnet"]["dns"]>;
type Dns<M extends string> = Omit<DnsInput, "names" | "resolver"> & {
  names?: Record<string, NoInfer<M>>;
  resolver?: { on: NoInfer<M>; address: string };
};

/** A spec whose references are keys of its own tables, so that a misspelt name is an error in the editor. */
export type EstateSpec<H extends string, N extends string, M extends string, C extends string> = Omit<
  EstateInput,
  "hosts" | "networks" | "machines" | "clusters" | "apps" | "repositories" | "tailnet"
> & {
  networks?: Record<N, Part<"networks">>;
  hosts?: Record<H, Part<"hosts">>;
  machines: Record<M, (Omit<Vm, "host" | "network"> & { host: NoInfer<H>; network: NoInfer<N> }) | External>;
  tailnet: Omit<EstateInput["tailnet"], "control" | "dns"> & { control: Control<M>; dns?: Dns<M> };
  clusters?: Record<C, Cluster<M>>;
  apps?: Record<string, Omit<Part<"apps">, "on"> & { on: NoInfer<C> }>;
  repositories?: Record<string, Omit<Part<"repositories">, "runners"> & { runners?: Runners<M> }>;
};

/**
 * Declares an organisation's estate: pure data, no effect. The loader (stacks/load.ts) validates it.
 *
 * @example
 * export const home = defineEstate({
 *   org: "home", domain: "example.org",
 *   networks: { lan: { cidr: "192.168.1.0/24", bridge: "vmbr0", gateway: "192.168.1.1" } },
 *   hosts: { pve: { kind: "proxmox", address: "192.168.1.2", cpu: "amd", boot: "grub" } },
 *   machines: { hub: { vmId: 102, host: "pve", network: "lan", image: "debian-12", cores: 2, memory: "2 GiB", role: "headscale-hub" } },
 *   tailnet: { control: { kind: "headscale", on: "hub" } },
 * });
 */
export function defineEstate<
  const H extends string,
  const N extends string,
  const M extends string,
  const C extends string,
>(spec: EstateSpec<H, N, M, C>): EstateSpec<H, N, M, C> {
  return spec;
}
