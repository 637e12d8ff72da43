import type { Topology } from "../../../components/tailnet/topology";
import type { App, TalosClusterSpec, ExternalMachine, Person, Repository, Service, Vm } from "../../../stacks/estate";

/** A machine without business: each test adds what it is about. */
export function external(changes: Partial<ExternalMachine> = {}): ExternalMachine {
  return { kind: "external", os: "linux", role: "builder", tags: [], advertises: [], serves: {}, runs: {}, ...changes };
}

export function vm(changes: Partial<Vm> = {}): Vm {
  return {
    kind: "vm",
    vmId: 100,
    host: "pve",
    network: "lan",
    address: "192.168.50.100",
    image: "debian-12",
    cores: 2,
    memory: "2 GiB",
    disk: "32 GiB",
    role: "docker-host",
    started: true,
    tags: [],
    advertises: [],
    serves: {},
    ...changes,
  };
}

export const hub = vm({ vmId: 102, address: "192.168.50.102", role: "headscale-hub" });

export function service(port: number, to: readonly string[], protocol: Service["protocol"] = "tcp"): Service {
  return { port, protocol, to };
}

export function person(...groups: string[]): Person {
  return { email: "somebody@estate.example", groups };
}

export function cluster(changes: Partial<TalosClusterSpec> = {}): TalosClusterSpec {
  return {
    kind: "talos",
    kubernetes: "1.34.3",
    talos: "1.12.0",
    controlPlanes: [],
    workers: [],
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.96.0.0/12",
    endpoint: "192.168.50.111",
    ...changes,
  };
}

export function app(serves: App["serves"], on = "core"): App {
  return { chart: "demo", on, namespace: "demo", replicas: 1, gpus: 0, models: [], serves };
}

export const withoutRunners: Repository = { description: "", visibility: "private", secrets: [], environments: {} };

export function repository(tag: string): Repository {
  return { ...withoutRunners, runners: { ephemeral: { tag, on: "docker", count: 1 } } };
}

export const noNames: Topology["tailnet"]["dns"] = { names: {}, records: {}, split: {}, nameservers: [], search: [] };

/** A tailnet with its hub and nothing else. */
export function topology(
  changes: Partial<Topology> & { tags?: Topology["tailnet"]["tags"]; ssh?: Ssh } = {},
): Topology {
  const { tags = {}, ssh = [], machines = {}, ...tables } = changes;
  return {
    people: {},
    clusters: {},
    apps: {},
    repositories: {},
    tailnet: {
      control: { kind: "headscale", on: "headscale", apiKeyEdition: 1 },
      baseDomain: "tailnet.estate.example",
      keyExpiry: "24 hours",
      dns: noNames,
      certificates: false,
      tags,
      ssh,
    },
    ...tables,
    machines: { headscale: hub, ...machines },
  };
}

/** The same on Tailscale, without a hub. */
export function onTailscale(changes: Parameters<typeof topology>[0] = {}): Topology {
  const made = topology(changes);
  const machines = Object.fromEntries(Object.entries(made.machines).filter(([name]) => name !== "headscale"));
  // Tailscale knows people by their addresses, so each has one of their own.
  const people = Object.fromEntries(
    Object.entries(made.people).map(([name, one]) => [name, { ...one, email: `${name}@estate.example` }]),
  );
  const control = { kind: "tailscale", tailnet: "estate.example", watch: [], replacePolicy: false } as const;
  return { ...made, people, machines, tailnet: { ...made.tailnet, control, baseDomain: "tail1234.ts.net" } };
}

type Ssh = Topology["tailnet"]["ssh"];
