import { type App, type Cluster, type Estate, type ExistingClusterSpec, nodeNames } from "../estate";
import { overhead, weightsOf } from "../gpus/models";
import { lookup } from "../lookup";
import { type Problem, quote } from "../problems";
import { parseGibibytes } from "../schema/common";

/** A running node's card. */
interface Card {
  readonly node: string;
  readonly vram: number;
  /** Where it is declared. */
  readonly place: string;
}

/** A card of the cluster for one pod. A pod has it alone: the device plugin shares none. */
interface Claim {
  readonly app: string;
  readonly need: number;
}

/**
 * The models of an app are kept ready together, in the VRAM of the one card that each of its pods has; what does not fit there
 * Ollama computes on the processor, and says so nowhere. Impossible is an error: a model or an app too large for every card,
 * and apps that fit each by itself but not all at once. What only a long context makes too large is not seen here.
 */
export function checkGpuMemory(estate: Estate): Problem[] {
  return Object.entries(estate.clusters).flatMap(([name, cluster]) => {
    const cards = cluster.kind === "existing" ? cardsThere(name, cluster) : cardsOf(estate, cluster);
    const apps = Object.entries(estate.apps).filter(([, app]) => app.on === name && app.gpus > 0);
    const about = [...nodeNames(cluster).map((node) => `machines.${node}.gpu`), ...cards.map(({ place }) => place)];
    const unknown = apps.flatMap(([app, { models, vram }]) => unknownModels(app, models, vram ?? {}));
    const wide = apps.flatMap(([app, { gpus }]) => tooWide(app, gpus));
    if (unknown.length > 0 || wide.length > 0 || cards.length === 0) return [...unknown, ...wide];
    const large = apps.flatMap(([app, spec]) => tooLarge(app, spec, cards, about));
    return large.length > 0 ? large : tooMany(name, apps, cards, about);
  });
}

/** Of the nodes of a cluster that exists only the spec tells. */
function cardsThere(name: string, { gpus }: ExistingClusterSpec): Card[] {
  return gpus.flatMap(({ vram, count }, index) =>
    Array.from({ length: count }, () => ({
      node: name,
      vram: parseGibibytes(vram),
      place: `clusters.${name}.gpus.${index}`,
    })),
  );
}

function cardsOf(estate: Estate, cluster: Cluster): Card[] {
  return [...new Set(nodeNames(cluster))].flatMap((node) => {
    const machine = lookup(estate.machines, node);
    if (machine?.kind !== "vm" || machine.gpu === undefined || !machine.started) return [];
    const card = lookup(lookup(estate.hosts, machine.host)?.gpus ?? {}, machine.gpu);
    if (card === undefined) return [];
    return [{ node, vram: parseGibibytes(card.vram), place: `hosts.${machine.host}.gpus.${machine.gpu}` }];
  });
}

function needOf(model: string, declared: NonNullable<App["vram"]>): number | undefined {
  const said = lookup(declared, model);
  if (said !== undefined) return parseGibibytes(said);
  const weights = weightsOf(model);
  return weights === undefined ? undefined : weights + overhead;
}

function needOfApp({ models, vram }: App): number {
  return [...new Set(models)].reduce((sum, model) => sum + (needOf(model, vram ?? {}) ?? 0), 0);
}

function unknownModels(app: string, models: readonly string[], declared: NonNullable<App["vram"]>): Problem[] {
  return models.flatMap((model, index) => {
    if (needOf(model, declared) !== undefined) return [];
    return [
      {
        path: `apps.${app}.models.${index}`,
        problem: `how much VRAM ${quote(model)} needs is not known`,
        allowed: "a model and tag of stacks/gpus/models.ts, or one whose VRAM the app's spec says",
        remedy: `say it: apps.${app}.vram: { ${JSON.stringify(model)}: "8 GiB" } ("ollama ps" prints the size of a loaded model)`,
      },
    ];
  });
}

/** A VM has one card, and a pod runs on one node. */
function tooWide(app: string, gpus: number): Problem[] {
  if (gpus <= 1) return [];
  return [
    {
      path: `apps.${app}.gpus`,
      problem: `${gpus} GPUs for one pod, and a node has one`,
      allowed: "0 or 1",
      remedy: "ask for one GPU, and use replicas for more of them",
    },
  ];
}

function tooLarge(app: string, spec: App, cards: readonly Card[], about: readonly string[]): Problem[] {
  const need = needOfApp(spec);
  const most = Math.max(...cards.map(({ vram }) => vram));
  if (need <= most) return [];
  const sum = [...new Set(spec.models)]
    .map((model) => `${model} ${gib(needOf(model, spec.vram ?? {}) ?? 0)}`)
    .join(" + ");
  return [
    {
      path: `apps.${app}.models`,
      problem: `need ${gib(need)} of VRAM (${sum}), and the largest card that a pod can get has ${gib(most)}`,
      allowed: `models that fit into ${gib(most)} together: ${describe(cards)}`,
      remedy: "leave a model out or take a smaller one, put it in an app of its own, or give a node a larger card",
      about,
    },
  ];
}

/** Largest to largest: when that does not work out, no other order does. */
function tooMany(
  name: string,
  apps: readonly [string, App][],
  cards: readonly Card[],
  about: readonly string[],
): Problem[] {
  const claims: Claim[] = apps
    .flatMap(([app, spec]) => Array.from({ length: spec.replicas }, () => ({ app, need: needOfApp(spec) })))
    .sort((a, b) => b.need - a.need);
  const sizes = cards.map(({ vram }) => vram).sort((a, b) => b - a);
  // More pods than cards is told as such (checkGpuCapacity).
  if (claims.length > sizes.length || claims.every(({ need }, index) => need <= (sizes[index] ?? 0))) return [];
  return [
    {
      path: `clusters.${name}`,
      problem: `its apps do not fit on its cards at once: ${claims.map(({ app, need }) => `${app} ${gib(need)}`).join(", ")}`,
      allowed: `each pod with a card of its own: ${describe(cards)}`,
      remedy: "lower replicas, take smaller models, or give a node a larger card",
      about,
    },
  ];
}

function describe(cards: readonly Card[]): string {
  return cards.map(({ node, vram }) => `${node} ${gib(vram)}`).join(", ");
}

/** Upwards, so that what does not fit never reads as if it did. */
function gib(size: number): string {
  return `${Math.ceil(size * 10 - 1e-9) / 10} GiB`;
}
