import type { Estate, Vm } from "../estate";
import { vmsOf } from "../estate";
import { type Problem, quote } from "../problems";

/** A GPU is given to one running VM. */
export function checkGpuSharing(estate: Estate): Problem[] {
  const users = vmsOf(estate).filter(([, vm]) => vm.gpu !== undefined && vm.started);
  return users.flatMap(([name, vm], index) => {
    const other = users.slice(0, index).find(([, earlier]) => earlier.gpu === vm.gpu && earlier.host === vm.host);
    if (other === undefined) return [];
    return [
      {
        path: `machines.${name}.gpu`,
        problem: `${quote(vm.gpu)} of host ${vm.host} is already given to machines.${other[0]}`,
        allowed: "a GPU that no other running VM has",
        remedy: "give it another card, take the card from one of the two, or declare one of them started: false",
      },
    ];
  });
}

/** Apps ask for no more GPUs than their cluster's nodes have. */
export function checkGpuCapacity(estate: Estate): Problem[] {
  return Object.entries(estate.clusters).flatMap(([name, cluster]) => {
    const apps = Object.entries(estate.apps).filter(([, app]) => app.on === name && app.gpus > 0);
    const asked = apps.reduce((sum, [, app]) => sum + app.gpus * app.replicas, 0);
    const nodes = [...cluster.controlPlanes, ...cluster.workers];
    const cards = nodes.filter((node) => hasGpu(estate.machines[node])).length;
    if (asked <= cards) return [];
    return [
      {
        path: `clusters.${name}`,
        problem: `its apps ask for ${asked} GPUs (${apps.map(([app, { gpus, replicas }]) => `${app} ${gpus} x ${replicas}`).join(", ")}), its nodes have ${cards}`,
        allowed: `at most ${cards} GPUs in all`,
        remedy: "lower gpus or replicas of an app, or give a node another card",
      },
    ];
  });
}

function hasGpu(machine: Vm | { kind: "external" } | undefined): boolean {
  return machine?.kind === "vm" && machine.gpu !== undefined;
}
