import { type Estate, talosClustersOf } from "../estate";
import { type Problem, quote } from "../problems";

/**
 * The Kubernetes minor versions (of 1.) that a Talos minor version runs, oldest and newest: the constants
 * MinimumKubernetesVersion and MaximumKubernetesVersion of Talos, which talosctl goes by and its support matrix repeats:
 * https://github.com/siderolabs/talos/tree/main/pkg/machinery/compatibility
 *
 * From 1.12 on, because the configuration of the nodes has documents of 1.12.
 */
export const kubernetesOfTalos: ReadonlyMap<string, readonly [oldest: number, newest: number]> = new Map([
  ["1.12", [30, 35]],
  ["1.13", [31, 36]],
  ["1.14", [32, 37]],
]);

/** What stands for a version that was no version, which is reported already (stacks/repairs.ts). */
const unreadable = "0.0.0";

/** A cluster's Talos is known, and runs its Kubernetes. */
export function checkVersions(estate: Estate): Problem[] {
  return talosClustersOf(estate).flatMap(([name, { talos, kubernetes }]): Problem[] => {
    if ([talos, kubernetes].includes(unreadable)) return [];
    const range = kubernetesOfTalos.get(minorOf(talos));
    if (range === undefined) return [unknownTalos(name, talos)];
    const [major, minor = 0] = kubernetes.split(".").map(Number);
    if (major === 1 && minor >= range[0] && minor <= range[1]) return [];
    return [
      {
        path: `clusters.${name}.kubernetes`,
        problem: `Talos ${talos} does not run Kubernetes ${quote(kubernetes)}`,
        allowed: `with this Talos 1.${range[0]} to 1.${range[1]}`,
        remedy: "change the version of one of the two",
        about: [`clusters.${name}.talos`],
      },
    ];
  });
}

function unknownTalos(name: string, talos: string): Problem {
  return {
    path: `clusters.${name}.talos`,
    problem: `${quote(talos)} is no version that is known to work with this estate`,
    allowed: [...kubernetesOfTalos.keys()].map((known) => `${known}.x`).join(", "),
    remedy: "name one of these; a newer one is added in stacks/checks/versions.ts with the Kubernetes it runs",
  };
}

function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
