import type { Cluster, Estate } from "../estate";
import { nodeNames, vmsOf } from "../estate";
import { lookup } from "../lookup";
import { type Problem, quote } from "../problems";
import { checkCards, checkGroups, checkGuests } from "./gpuCards";
import { checkGpuMemory } from "./gpuMemory";

/** A GPU is what it is said to be, is declared once, is given to one running VM, and that one has a driver for it. */
export function checkGpus(estate: Estate): Problem[] {
  return [
    ...checkGpuSharing(estate),
    ...slotsTwice(estate),
    ...checkGroups(estate),
    ...checkCards(estate),
    ...checkGuests(estate),
  ];
}

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

/** One card under two names could be given to two VMs. */
function slotsTwice(estate: Estate): Problem[] {
  return Object.entries(estate.hosts).flatMap(([host, { gpus }]) => {
    const cards = Object.entries(gpus);
    return cards.flatMap(([name, { slot }], index) => {
      const other = cards.slice(0, index).find(([, earlier]) => earlier.slot === slot);
      if (other === undefined) return [];
      return [
        {
          path: `hosts.${host}.gpus.${name}.slot`,
          problem: `${quote(slot)} is already the slot of hosts.${host}.gpus.${other[0]}`,
          allowed: "a slot that no other GPU of the host is in",
          remedy: "correct one of the two slots (lspci -D prints them), or declare the card once",
        },
      ];
    });
  });
}

/** Apps ask for no more GPUs, and no more of their memory, than their cluster's running nodes have. */
export function checkGpuCapacity(estate: Estate): Problem[] {
  return [...checkGpuCount(estate), ...checkGpuMemory(estate)];
}

function checkGpuCount(estate: Estate): Problem[] {
  return Object.entries(estate.clusters).flatMap(([name, cluster]) => {
    const apps = Object.entries(estate.apps).filter(([, app]) => app.on === name && app.gpus > 0);
    const asked = apps.reduce((total, [, app]) => total + app.gpus * app.replicas, 0);
    const { cards, places, whose, more } = countCards(estate, name, cluster);
    if (asked <= cards) return [];
    const sum = apps.map(([app, { gpus, replicas }]) => `${app} ${gpus} x ${replicas}`).join(", ");
    return [
      {
        path: `clusters.${name}`,
        problem: `GPUs that its apps ask for: ${asked} (${sum}), that ${whose}: ${cards}`,
        allowed: `${cards} in all`,
        remedy: `lower gpus or replicas of an app, or ${more}`,
        about: places,
      },
    ];
  });
}

interface CardCount {
  readonly cards: number;
  /** Where they are declared. */
  readonly places: readonly string[];
  /** In the words of a problem. */
  readonly whose: string;
  /** What else helps. */
  readonly more: string;
}

function countCards(estate: Estate, name: string, cluster: Cluster): CardCount {
  if (cluster.kind === "existing") {
    const place = `clusters.${name}.gpus`;
    const cards = cluster.gpus.reduce((sum, { count }) => sum + count, 0);
    return { cards, places: [place], whose: "its spec says it has", more: `name more of its cards in ${place}` };
  }
  const nodes = [...new Set(nodeNames(cluster))];
  return {
    cards: nodes.filter((node) => hasGpu(estate, node)).length,
    places: nodes.map((node) => `machines.${node}.gpu`),
    whose: "its running nodes have",
    more: "give a node another card",
  };
}

function hasGpu(estate: Estate, node: string): boolean {
  const machine = lookup(estate.machines, node);
  return machine?.kind === "vm" && machine.gpu !== undefined && machine.started;
}
