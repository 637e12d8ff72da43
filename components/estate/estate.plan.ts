import {
  type App,
  entry,
  type Estate,
  type Gpu,
  nodeNames,
  type Publication,
  type Service,
  talosClustersOf,
  type Vm,
  vmsOf,
} from "../../stacks/estate";
import { originUrl } from "../apps/appPlan/appPlan";
import { loginUser } from "../machines/cloudInit/loginUser";
import { type ImageSource, imageSource } from "../machines/images";

/** A service that is published, with where the tunnel's connector finds it. */
export interface PublishedService {
  readonly publication: Publication;
  /** As seen from inside the cluster that the connector runs in. */
  readonly url: string;
}

/** The images that the VMs of a host boot from, each once. */
export function imagesOf(spec: Estate, host: string): ImageSource[] {
  const sources = vmsOf(spec)
    .filter(([, vm]) => vm.host === host)
    .map(([name, vm]) => imageOf(spec, name, vm));
  return [...new Map(sources.map((source) => [source.key, source])).values()];
}

/** The image of a VM; a Talos VM boots the version of its cluster. */
export function imageOf(spec: Estate, name: string, vm: Vm): ImageSource {
  const [, cluster] = talosClustersOf(spec).find(([, candidate]) => nodeNames(candidate).includes(name)) ?? [];
  return imageSource(vm.image, cluster);
}

/** The VMs that are nodes of a cluster, control planes first, as they are declared; none of one that exists. */
export function nodesOf(spec: Estate, cluster: string): [string, Vm][] {
  const vms = new Map(vmsOf(spec));
  return nodeNames(entry(spec.clusters, cluster)).flatMap((name): [string, Vm][] => {
    const vm = vms.get(name);
    return vm === undefined ? [] : [[name, vm]];
  });
}

/** The card that is passed through to a VM, as its host declares it; undefined when it has none. */
export function cardOf(spec: Estate, { host, gpu }: Vm): Gpu | undefined {
  return gpu === undefined ? undefined : entry(entry(spec.hosts, host).gpus, gpu);
}

/** What is published, by host label: services of apps by their cluster address, services of machines by their LAN address. */
export function publishedServices(spec: Estate): Record<string, PublishedService> {
  const ofApps = Object.entries(spec.apps).flatMap(([name, app]) =>
    published(app.serves, (service) => originUrl(name, app, service)),
  );
  const ofMachines = vmsOf(spec).flatMap(([, { serves, address }]) =>
    published(serves, ({ port }) => `http://${address}:${port}`),
  );
  return Object.fromEntries([...ofApps, ...ofMachines]);
}

function published(
  serves: Readonly<Record<string, Service>>,
  urlOf: (service: Service) => string,
): [string, PublishedService][] {
  return Object.values(serves).flatMap((service): [string, PublishedService][] => {
    const { public: publication } = service;
    return publication === undefined ? [] : [[publication.host, { publication, url: urlOf(service) }]];
  });
}

/** The apps on a cluster. */
export function appsOn(spec: Estate, cluster: string): Record<string, App> {
  return Object.fromEntries(Object.entries(spec.apps).filter(([, { on }]) => on === cluster));
}

/** The networks that the nodes of a cluster are in, as CIDRs, each once. */
export function networksOf(spec: Estate, cluster: string): string[] {
  return [...new Set(nodesOf(spec, cluster).map(([, vm]) => entry(spec.networks, vm.network).cidr))];
}

/** From where a cluster's subnet router forwards the tailnet to its pods, as CIDRs. */
export function routerCidrsOf(spec: Estate, cluster: string): readonly string[] {
  const declared = entry(spec.clusters, cluster);
  return declared.kind === "existing" ? (declared.tailnet?.routerCidrs ?? []) : networksOf(spec, cluster);
}

/** How many GPUs the nodes of a cluster have. */
export function gpusOf(spec: Estate, cluster: string): number {
  const declared = entry(spec.clusters, cluster);
  if (declared.kind === "existing") return declared.gpus.reduce((sum, { count }) => sum + count, 0);
  return nodesOf(spec, cluster).filter(([, vm]) => vm.gpu !== undefined).length;
}

/** Where the tunnel's connector runs: on the first cluster with a public app; undefined when no app is public. */
export function connectorCluster(spec: Estate): string | undefined {
  const open = Object.values(spec.apps).filter(({ serves }) =>
    Object.values(serves).some((service) => service.public !== undefined),
  );
  return Object.keys(spec.clusters).find((cluster) => open.some(({ on }) => on === cluster));
}

/** Who logs in on a VM with the administrator's key, and may use sudo. */
export function administratorOf(spec: Estate, name: string): string {
  const machine = entry(spec.machines, name);
  if (machine.kind !== "vm") throw new Error(`the loader let pass that machines.${name} is no VM`);
  return loginUser(machine.image);
}

/** Whether the disk of a VM holds what nothing else has: not so for a workstation or a worker. */
export function isStateful({ role }: Vm): boolean {
  return role === "docker-host" || role === "gateway" || role === "talos-control-plane" || role === "headscale-hub";
}

/** Ids of the VMs on a host whose disks hold what nothing else has. */
export function statefulVms(spec: Estate, host: string): number[] {
  return vmsOf(spec).flatMap(([, vm]) => (vm.host === host && isStateful(vm) ? [vm.vmId] : []));
}
