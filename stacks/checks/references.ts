import type { Estate, Service } from "../estate";
import { vmsOf } from "../estate";
import { oneOf, type Problem, quote } from "../problems";

interface Reference {
  readonly path: string;
  readonly to: string;
  readonly what: string;
  readonly among: readonly string[];
}

/** Every name that refers to another entry must be declared there. */
export function checkReferences(estate: Estate): Problem[] {
  return [...machineReferences(estate), ...platformReferences(estate)]
    .filter(({ to, among }) => !among.includes(to))
    .map(({ path, to, what, among }) => ({
      path,
      problem: `${quote(to)} is not ${what}`,
      allowed: oneOf(among),
      remedy: `declare it, or refer to one that is declared`,
    }));
}

function machineReferences(estate: Estate): Reference[] {
  return vmsOf(estate).flatMap(([name, vm]) => [
    { path: `machines.${name}.host`, to: vm.host, what: "a declared host", among: Object.keys(estate.hosts) },
    {
      path: `machines.${name}.network`,
      to: vm.network,
      what: "a declared network",
      among: Object.keys(estate.networks),
    },
    ...(vm.gpu === undefined
      ? []
      : [
          {
            path: `machines.${name}.gpu`,
            to: vm.gpu,
            what: `a GPU of host ${vm.host}`,
            among: Object.keys(estate.hosts[vm.host]?.gpus ?? {}),
          },
        ]),
  ]);
}

function platformReferences(estate: Estate): Reference[] {
  const machines = Object.keys(estate.machines);
  const clusters = Object.keys(estate.clusters);
  return [
    { path: "tailnet.control.on", to: estate.tailnet.control.on, what: "a declared machine", among: machines },
    ...Object.entries(estate.clusters).flatMap(([name, cluster]) =>
      (["controlPlanes", "workers"] as const).flatMap((list) =>
        cluster[list].map((to, index) => ({
          path: `clusters.${name}.${list}.${index}`,
          to,
          what: "a declared machine",
          among: machines,
        })),
      ),
    ),
    ...Object.entries(estate.apps).map(([name, app]) => ({
      path: `apps.${name}.on`,
      to: app.on,
      what: "a declared cluster",
      among: clusters,
    })),
    ...Object.entries(estate.repositories).flatMap(([name, { runners }]) =>
      runners === undefined
        ? []
        : [
            {
              path: `repositories.${name}.runners.ephemeral.on`,
              to: runners.ephemeral.on,
              what: "a declared machine",
              among: machines,
            },
          ],
    ),
  ];
}

/** Everything that serves something, with the path of its `serves` table. */
export function servingPlaces(estate: Estate): { path: string; serves: Readonly<Record<string, Service>> }[] {
  return [
    ...Object.entries(estate.machines).map(([name, { serves }]) => ({ path: `machines.${name}.serves`, serves })),
    ...Object.entries(estate.apps).map(([name, { serves }]) => ({ path: `apps.${name}.serves`, serves })),
  ];
}
