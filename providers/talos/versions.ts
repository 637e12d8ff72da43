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

/**
 * Why a node or cluster does not go from one version to another in one step, with what to do; undefined when it does. One
 * minor version at a time: Talos tests upgrades from the one before only
 * (https://docs.siderolabs.com/talos/v1.12/configure-your-talos-cluster/lifecycle-management/upgrading-talos), the API servers
 * of Kubernetes may be one apart (https://kubernetes.io/releases/version-skew-policy/). Kubernetes does not go back a minor
 * version: what it has stored may be in a form that the older one does not read.
 */
export function versionStepProblem(what: "Talos" | "Kubernetes", from: string, to: string): string | undefined {
  const [[oldMajor = 0, oldMinor = 0], [major = 0, minor = 0]] = [numbersOf(from), numbersOf(to)];
  const step = minor - oldMinor;
  if (oldMajor !== major || step > 1 || step < -1) {
    const next = oldMajor === major ? `${major}.${oldMinor + Math.sign(step)}` : undefined;
    const first = next === undefined ? "" : `: go to ${next} first, then on from there`;
    return `from ${what} ${from} to ${to} is more than one minor version${first}`;
  }
  if (what === "Kubernetes" && step < 0) return `Kubernetes does not go back from ${from} to ${to}: name ${from} again`;
  return undefined;
}

function numbersOf(version: string): number[] {
  return (minorOf(version) ?? "").split(".").map(Number);
}
