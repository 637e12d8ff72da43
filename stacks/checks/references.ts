import type { Estate, Service, Vm } from "../estate";
import { existingClustersOf, hubOf, talosClustersOf, vmsOf } from "../estate";
import { lookup } from "../lookup";
import { oneOf, type Problem, quote } from "../problems";

interface Reference {
  readonly path: string;
  readonly to: string;
  readonly what: string;
  readonly among: readonly string[];
  /** The path that the entry would have. */
  readonly entry: string;
}

/** Every name that refers to another entry must be declared there. */
export function checkReferences(estate: Estate): Problem[] {
  return [...machineReferences(estate), ...platformReferences(estate)]
    .filter(({ to, among }) => !among.includes(to))
    .map(({ path, to, what, among, entry }) => ({
      path,
      problem: `${quote(to)} is not ${what}`,
      allowed: oneOf(among),
      remedy: `declare ${entry}, or refer to one that is declared`,
      about: [entry],
    }));
}

function machineReferences(estate: Estate): Reference[] {
  return vmsOf(estate).flatMap(([name, vm]) => [
    {
      path: `machines.${name}.host`,
      to: vm.host,
      what: "a declared host",
      among: Object.keys(estate.hosts),
      entry: `hosts.${vm.host}`,
    },
    {
      path: `machines.${name}.network`,
      to: vm.network,
      what: "a declared network",
      among: Object.keys(estate.networks),
      entry: `networks.${vm.network}`,
    },
    ...gpuReference(estate, name, vm),
  ]);
}

/** A card can only be looked for on a host that is declared; an unknown host is a problem of its own. */
function gpuReference(estate: Estate, name: string, { host, gpu }: Vm): Reference[] {
  const cards = lookup(estate.hosts, host)?.gpus;
  if (gpu === undefined || cards === undefined) return [];
  return [
    {
      path: `machines.${name}.gpu`,
      to: gpu,
      what: `a GPU of host ${host}`,
      among: Object.keys(cards),
      entry: `hosts.${host}.gpus.${gpu}`,
    },
  ];
}

function platformReferences(estate: Estate): Reference[] {
  const machine = (path: string, to: string): Reference => ({
    path,
    to,
    what: "a declared machine",
    among: Object.keys(estate.machines),
    entry: `machines.${to}`,
  });
  const clusters = Object.keys(estate.clusters);
  return [
    ...tailnetReferences(estate).map(([path, to]) => machine(path, to)),
    ...talosClustersOf(estate).flatMap(([name, cluster]) =>
      (["controlPlanes", "workers"] as const).flatMap((list) =>
        cluster[list].map((to, index) => machine(`clusters.${name}.${list}.${index}`, to)),
      ),
    ),
    ...existingClustersOf(estate).flatMap(([name, { tailnet }]) =>
      (tailnet?.routers ?? []).map((to, index) => machine(`clusters.${name}.tailnet.routers.${index}`, to)),
    ),
    ...Object.entries(estate.apps).map(([name, app]) => ({
      path: `apps.${name}.on`,
      to: app.on,
      what: "a declared cluster",
      among: clusters,
      entry: `clusters.${app.on}`,
    })),
    ...Object.entries(estate.repositories).flatMap(([name, { runners }]) =>
      runners === undefined ? [] : [machine(`repositories.${name}.runners.ephemeral.on`, runners.ephemeral.on)],
    ),
  ];
}

function tailnetReferences({ tailnet }: Estate): [path: string, machine: string][] {
  const hub = hubOf(tailnet);
  const { names, resolver } = tailnet.dns;
  const watched = tailnet.control.kind === "tailscale" ? tailnet.control.watch : [];
  return [
    ...watched.map((name, index): [string, string] => [`tailnet.control.watch.${index}`, name]),
    ...(hub === undefined ? [] : [["tailnet.control.on", hub] satisfies [string, string]]),
    ...Object.entries(names).map(([name, on]): [string, string] => [`tailnet.dns.names.${name}`, on]),
    ...(resolver === undefined ? [] : [["tailnet.dns.resolver.on", resolver.on] satisfies [string, string]]),
  ];
}

/** Everything that serves something, with the path of its `serves` table. */
export function servingPlaces(estate: Estate): { path: string; serves: Readonly<Record<string, Service>> }[] {
  return [
    ...Object.entries(estate.machines).map(([name, { serves }]) => ({ path: `machines.${name}.serves`, serves })),
    ...Object.entries(estate.apps).map(([name, { serves }]) => ({ path: `apps.${name}.serves`, serves })),
  ];
}
