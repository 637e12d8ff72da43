/**
 * The Kubernetes minor versions that a Talos minor version runs, oldest and newest: constants Minimum- and
 * MaximumKubernetesVersion of https://github.com/siderolabs/talos/tree/main/pkg/machinery/compatibility (talos110 to talos114),
 * which are what talosctl itself goes by; the support matrix in the docs says the same.
 */
export const kubernetesOf: ReadonlyMap<string, readonly [oldest: number, newest: number]> = new Map([
  ["1.10", [28, 33]],
  ["1.11", [29, 34]],
  ["1.12", [30, 35]],
  ["1.13", [31, 36]],
  ["1.14", [32, 37]],
]);

/** "1.12" of "1.12.0", "v1.12.0" or "1.12"; undefined when it is no version. */
export function minorOf(version: string): string | undefined {
  return /^v?(\d+\.\d+)(\.\d+([-+].*)?)?$/.exec(version)?.[1];
}

/** Why this Talos does not run this Kubernetes, with what to do; undefined when it does. */
export function versionPairProblem(talos: string, kubernetes: string): string | undefined {
  const line = minorOf(talos);
  const range = line === undefined ? undefined : kubernetesOf.get(line);
  if (line === undefined || range === undefined)
    return `Talos ${talos} is not one of the versions known here: ${[...kubernetesOf.keys()].map((known) => `${known}.x`).join(", ")}`;
  const [oldest, newest] = range;
  const [major, minor] = (minorOf(kubernetes) ?? "0.0").split(".").map(Number);
  if (major === 1 && minor !== undefined && minor >= oldest && minor <= newest) return undefined;
  return `Kubernetes ${kubernetes} does not run on Talos ${line}, which has Kubernetes 1.${oldest} to 1.${newest}; change one of the two`;
}
