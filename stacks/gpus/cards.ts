/** Generations of NVIDIA's GPUs, oldest first; the generation decides the driver (stacks/gpus/drivers.ts). */
export const architectures = ["maxwell", "pascal", "volta", "turing", "ampere", "ada", "hopper", "blackwell"] as const;
export type Architecture = (typeof architectures)[number];

/** A kind of card, as its PCI id says it. */
export interface GpuCard {
  /** Under which a spec may name it: "rtx-4090". Several ids can be of one model. */
  readonly model: string;
  /** PCI vendor and device id: "10de:2684". */
  readonly device: string;
  readonly architecture: Architecture;
  /** GiB; more than one when cards of one id were sold with different amounts. */
  readonly vram: readonly number[];
  /** Ids of the further functions that cards with this chip have: HDMI audio; USB-C of the RTX 20 series. */
  readonly companions: readonly string[];
}

/** By chip: its generation, and its further functions. */
const chips = {
  GM200: ["maxwell", "0fb0"],
  GP102: ["pascal", "10ef"],
  GP104: ["pascal", "10f0"],
  GP106: ["pascal", "10f1"],
  GP107: ["pascal", "0fb9"],
  TU102: ["turing", "10f7", "1ad6", "1ad7"],
  TU104: ["turing", "10f8", "1ad8", "1ad9"],
  TU106: ["turing", "10f9", "1ada", "1adb"],
  TU116: ["turing", "1aeb", "1aec", "1aed"],
  GA102: ["ampere", "1aef"],
  GA104: ["ampere", "228b"],
  GA106: ["ampere", "228e"],
  GA107: ["ampere", "2291"],
  AD102: ["ada", "22ba"],
  AD103: ["ada", "22bb"],
  AD104: ["ada", "22bc"],
  AD106: ["ada", "22bd"],
  AD107: ["ada", "22be"],
  GB202: ["blackwell", "22e8"],
  GB203: ["blackwell", "22e9"],
  GB205: ["blackwell", "2f80"],
  GB206: ["blackwell", "22eb"],
  GB207: ["blackwell", "22ec"],
  // Cards for data centres have no further functions.
  GP102GL: ["pascal"],
  GP104GL: ["pascal"],
  GV100GL: ["volta"],
  TU104GL: ["turing"],
  GA100GL: ["ampere"],
  AD102GL: ["ada"],
  AD104GL: ["ada"],
  GH100: ["hopper"],
} as const satisfies Record<string, readonly [Architecture, ...string[]]>;

type Row = readonly [model: string, device: string, chip: keyof typeof chips, ...vram: number[]];

/**
 * Ids, chips and functions: https://pci-ids.ucw.cz/ (2026.08.22). VRAM: the name in that list where it says it, else
 * https://en.wikipedia.org/wiki/List_of_Nvidia_graphics_processing_units
 */
const rows: readonly Row[] = [
  ["gtx-980-ti", "17c8", "GM200", 6],
  ["gtx-1050-ti", "1c82", "GP107", 4],
  ["gtx-1060-6gb", "1c03", "GP106", 6],
  ["gtx-1070", "1b81", "GP104", 8],
  ["gtx-1070-ti", "1b82", "GP104", 8],
  ["gtx-1080", "1b80", "GP104", 8],
  ["gtx-1080-ti", "1b06", "GP102", 11],
  ["gtx-1660", "2184", "TU116", 6],
  ["gtx-1660-super", "21c4", "TU116", 6],
  ["gtx-1660-ti", "2182", "TU116", 6],
  ["rtx-2060-12gb", "1f03", "TU106", 12],
  ["rtx-2060-super", "1f06", "TU106", 8],
  ["rtx-2070", "1f02", "TU106", 8],
  ["rtx-2070", "1f07", "TU106", 8],
  ["rtx-2070-super", "1e84", "TU104", 8],
  ["rtx-2080", "1e82", "TU104", 8],
  ["rtx-2080", "1e87", "TU104", 8],
  ["rtx-2080-super", "1e81", "TU104", 8],
  ["rtx-2080-ti", "1e04", "TU102", 11],
  ["rtx-2080-ti", "1e07", "TU102", 11],
  ["quadro-rtx-4000", "1eb1", "TU104", 8],
  ["quadro-rtx-5000", "1eb0", "TU104", 16],
  ["rtx-3050-8gb", "2582", "GA107", 8],
  ["rtx-3050-6gb", "2584", "GA107", 6],
  ["rtx-3060", "2503", "GA106", 12],
  ["rtx-3060", "2504", "GA106", 12],
  ["rtx-3060-ti", "2486", "GA104", 8],
  ["rtx-3060-ti", "2489", "GA104", 8],
  ["rtx-3070", "2484", "GA104", 8],
  ["rtx-3070", "2488", "GA104", 8],
  ["rtx-3070-ti", "2482", "GA104", 8],
  ["rtx-3080", "2206", "GA102", 10],
  ["rtx-3080", "2216", "GA102", 10],
  ["rtx-3080-12gb", "220a", "GA102", 12],
  ["rtx-3080-ti", "2208", "GA102", 12],
  ["rtx-3090", "2204", "GA102", 24],
  ["rtx-3090-ti", "2203", "GA102", 24],
  ["rtx-a400", "25b2", "GA107", 4],
  ["rtx-a1000", "25b0", "GA107", 8],
  ["rtx-a2000", "2531", "GA106", 6],
  ["rtx-a2000-12gb", "2571", "GA106", 12],
  ["rtx-a4000", "24b0", "GA104", 16],
  ["rtx-a4500", "2232", "GA102", 20],
  ["rtx-a5000", "2231", "GA102", 24],
  ["rtx-a5500", "2233", "GA102", 24],
  ["rtx-a6000", "2230", "GA102", 48],
  ["rtx-4060", "2882", "AD107", 8],
  ["rtx-4060-ti-8gb", "2803", "AD106", 8],
  ["rtx-4060-ti-16gb", "2805", "AD106", 16],
  ["rtx-4070", "2786", "AD104", 12],
  ["rtx-4070-super", "2783", "AD104", 12],
  ["rtx-4070-ti", "2782", "AD104", 12],
  ["rtx-4070-ti-super", "2705", "AD103", 16],
  ["rtx-4080", "2704", "AD103", 16],
  ["rtx-4080-super", "2702", "AD103", 16],
  ["rtx-4090", "2684", "AD102", 24],
  ["rtx-4090-d", "2685", "AD102", 24],
  ["rtx-2000-ada", "28b0", "AD107", 16],
  ["rtx-4000-ada", "27b2", "AD104", 20],
  ["rtx-4000-sff-ada", "27b0", "AD104", 20],
  ["rtx-4500-ada", "27b1", "AD104", 24],
  ["rtx-5000-ada", "26b2", "AD102", 32],
  ["rtx-6000-ada", "26b1", "AD102", 48],
  ["rtx-5050", "2d83", "GB207", 8],
  ["rtx-5060", "2d05", "GB206", 8],
  ["rtx-5060-ti", "2d04", "GB206", 8, 16],
  ["rtx-5070", "2f04", "GB205", 12],
  ["rtx-5070-ti", "2c05", "GB203", 16],
  ["rtx-5080", "2c02", "GB203", 16],
  ["rtx-5090", "2b85", "GB202", 32],
  ["rtx-pro-6000", "2bb1", "GB202", 96],
  ["tesla-p4", "1bb3", "GP104GL", 8],
  ["tesla-p40", "1b38", "GP102GL", 24],
  ["v100-16gb", "1db4", "GV100GL", 16],
  ["v100-32gb", "1db6", "GV100GL", 32],
  ["t4", "1eb8", "TU104GL", 16],
  ["a30", "20b7", "GA100GL", 24],
  ["a100-40gb", "20f1", "GA100GL", 40],
  ["a100-80gb", "20b5", "GA100GL", 80],
  ["l4", "27b8", "AD104GL", 24],
  ["l40", "26b5", "AD102GL", 48],
  ["h100", "2331", "GH100", 80],
];

/** The cards that the estate knows. Others are declared with their own ids. */
export const gpuCards: readonly GpuCard[] = rows.map(([model, device, chip, ...vram]) => {
  const [architecture, ...functions] = chips[chip];
  return { model, device: nvidia(device), architecture, vram, companions: functions.map(nvidia) };
});

/** PCI vendor id of NVIDIA. */
export const nvidiaVendor = "10de";

function nvidia(id: string): string {
  return `10de:${id}`;
}

/** The cards of a model: several when it was sold with several ids. */
export function cardsOfModel(model: string): readonly GpuCard[] {
  return gpuCards.filter((card) => card.model === model);
}

/** The card with a PCI id, when the estate knows it. */
export function cardOfDevice(device: string): GpuCard | undefined {
  return gpuCards.find((card) => card.device === device);
}
