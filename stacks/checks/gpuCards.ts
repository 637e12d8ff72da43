import { type Estate, type Gpu, type Host, nodeNames, talosClustersOf, vmsOf } from "../estate";
import { cardOfDevice, cardsOfModel, nvidiaVendor } from "../gpus/cards";
import { packagedDriver, packagedImages, talosDriver } from "../gpus/drivers";
import { lookup } from "../lookup";
import { oneOf, type Problem, quote } from "../problems";
import { parseGibibytes } from "../schema/common";

/** What is said of a card is what the card with that id has. */
export function checkCards({ hosts }: Estate): Problem[] {
  return cardsOf(hosts).flatMap(({ path, card }) => [...modelProblem(path, card), ...vramProblem(path, card)]);
}

/** Two cards in one IOMMU group leave the host together, and only one VM could have them. */
export function checkGroups({ hosts }: Estate): Problem[] {
  const cards = cardsOf(hosts).filter(({ card }) => card.iommuGroup !== undefined);
  return cards.flatMap(({ host, path, card }, index) => {
    const other = cards
      .slice(0, index)
      .find((earlier) => earlier.host === host && earlier.card.iommuGroup === card.iommuGroup);
    if (other === undefined) return [];
    return [
      {
        path: `${path}.iommuGroup`,
        problem: `${quote(card.iommuGroup)} is already the group of ${other.path}, and a group is passed through whole`,
        allowed: "an IOMMU group that no other GPU of the host is in",
        remedy:
          "put one of the cards in another slot of the mainboard, or correct the group (ls /sys/kernel/iommu_groups/*/devices)",
        about: [other.path],
      },
    ];
  });
}

interface Declared {
  readonly host: string;
  readonly path: string;
  readonly card: Gpu;
}

function cardsOf(hosts: Readonly<Record<string, Host>>): Declared[] {
  return Object.entries(hosts).flatMap(([host, { gpus }]) =>
    Object.entries(gpus).map(([name, card]) => ({ host, path: `hosts.${host}.gpus.${name}`, card })),
  );
}

function modelProblem(path: string, { model, device }: Gpu): Problem[] {
  if (model === undefined) return [];
  const ids = cardsOfModel(model).map((card) => card.device);
  if (ids.includes(device)) return [];
  return [
    {
      path: `${path}.device`,
      problem: `${quote(device)} is no ${model}`,
      allowed: oneOf(ids),
      remedy: "correct the id (lspci -n prints it), or the model",
    },
  ];
}

function vramProblem(path: string, { device, vram }: Gpu): Problem[] {
  const known = cardOfDevice(device);
  if (known === undefined || known.vram.includes(parseGibibytes(vram))) return [];
  return [
    {
      path: `${path}.vram`,
      problem: `${quote(vram)} is not what a card with id ${device} (${known.model}) has`,
      allowed: oneOf(known.vram.map((size) => `${size} GiB`)),
      remedy: "leave vram out, or correct the id (lspci -n prints it)",
    },
  ];
}

/** A guest that gets a card has a driver for it. */
export function checkGuests(estate: Estate): Problem[] {
  return vmsOf(estate).flatMap(([name, { host, gpu, image }]) => {
    const card = lookup(lookup(estate.hosts, host)?.gpus ?? {}, gpu);
    if (gpu === undefined || card === undefined) return [];
    const about = [`hosts.${host}.gpus.${gpu}`, `machines.${name}.image`];
    const path = `machines.${name}.gpu`;
    if (image === "opnsense") return [{ path, ...noDriver(gpu, card, "OPNsense"), about }];
    const talos = talosClustersOf(estate).find(([, cluster]) => nodeNames(cluster).includes(name));
    if (image === "talos" && talos === undefined) return [];
    if (!card.device.startsWith(`${nvidiaVendor}:`))
      return image === "talos" ? [{ path, ...otherVendor(gpu, card), about }] : [];
    if (card.architecture === undefined) return [{ path, ...unknownArchitecture(host, gpu, card), about }];
    const packaged = packagedImages.find((known) => known === image);
    const version = talos?.[1].talos ?? "";
    const driver =
      packaged === undefined ? talosDriver(card.architecture, version) : packagedDriver(card.architecture, packaged);
    if (driver !== undefined) return [];
    const guest = packaged ?? `Talos ${version}`;
    const further = talos === undefined ? [] : [`clusters.${talos[0]}`];
    return [{ path, ...noDriver(gpu, card, guest), about: [...about, ...further] }];
  });
}

type Words = Omit<Problem, "path">;

function noDriver(gpu: string, { architecture, device }: Gpu, guest: string): Words {
  return {
    problem: `${guest} has no driver for ${quote(gpu)} (${architecture ?? device})`,
    allowed: "a card that the guest has a driver for: docs/gpus.md lists them",
    remedy: "give the card to a machine with another image or version, or this machine another card",
  };
}

function otherVendor(gpu: string, { device }: Gpu): Words {
  return {
    problem: `${quote(gpu)} (${device}) is not NVIDIA's, and Talos nodes are prepared for NVIDIA's cards only`,
    allowed: `a card whose id starts with ${nvidiaVendor}:`,
    remedy: "give the card to a machine with another image",
  };
}

function unknownArchitecture(host: string, gpu: string, { device }: Gpu): Words {
  return {
    problem: `which driver ${quote(gpu)} needs is not known: the estate does not know ${device}`,
    allowed: "a card of stacks/gpus/cards.ts, or one whose architecture the spec says",
    remedy: `say hosts.${host}.gpus.${gpu}.architecture`,
  };
}
