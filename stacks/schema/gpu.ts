import { z } from "zod";
import { architectures, cardOfDevice, cardsOfModel, gpuCards } from "../gpus/cards";
import { gibibytes } from "./common";

const pciId = (error: string): z.ZodString => z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/, { error });

const declared = z.strictObject({
  /** PCI address without function, as `lspci -D` prints it: 0000:01:00. All functions are passed through together. */
  slot: z.string().regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}$/, {
    error: "expected a PCI address without function, for example 0000:01:00",
  }),
  /** A card that the estate knows (stacks/gpus/cards.ts): "rtx-4090". @default the one with that device id, if it knows it */
  model: z
    .enum(
      gpuCards.map(({ model }) => model),
      {
        error:
          "expected a model of stacks/gpus/cards.ts such as rtx-4090; leave it out for another card, and say device and vram",
      },
    )
    .optional(),
  /** Vendor and device id, as `lspci -n` prints it: 10de:2684. @default the model's, when it has one only */
  device: pciId("expected vendor:device, for example 10de:2684").optional(),
  /** Ids of the card's further functions (its audio device), bound to vfio-pci with it. @default the card's, else none */
  companions: z.array(pciId("expected vendor:device, for example 10de:22ba")).optional(),
  /** Subsystem vendor and device id, as `lspci -nnv` prints it. @default what the host says */
  subsystem: pciId("expected vendor:device").optional(),
  /** IOMMU group on the host, from /sys/kernel/iommu_groups. @default what the host says */
  iommuGroup: z.int().min(0).optional(),
  /** Decides the driver in the guest. @default the card's; a guest that needs a driver is refused when it is not known */
  architecture: z.enum(architectures).optional(),
  /** @default the card's */
  vram: gibibytes.optional(),
});

/** A PCI GPU of a host. Its VRAM is accounted against what models and workloads ask for. */
export const gpu = declared
  .superRefine((card, context) => {
    for (const { path, message } of missing(card)) context.addIssue({ code: "custom", path: [path], message });
  })
  .transform(({ model, device: id, companions, architecture, vram, ...rest }) => {
    const device = deviceOf(model, id) ?? "";
    const known = cardOfDevice(device);
    const generation = architecture ?? known?.architecture;
    return {
      ...rest,
      device,
      companions: companions ?? [...(known?.companions ?? [])],
      vram: vram ?? (`${known?.vram[0] ?? 0} GiB` as const),
      ...(model === undefined ? {} : { model }),
      ...(generation === undefined ? {} : { architecture: generation }),
    };
  });

/** What neither the spec nor the table says. */
function missing({ model, device: id, vram }: z.output<typeof declared>): { path: string; message: string }[] {
  const device = deviceOf(model, id);
  if (device === undefined) {
    const ids = cardsOfModel(model ?? "").map((card) => card.device);
    const allowed =
      ids.length === 0 ? "vendor:device as lspci -n prints it, or a model" : `one of the model's ids ${ids.join(", ")}`;
    return [{ path: "device", message: allowed }];
  }
  if (vram !== undefined) return [];
  const known = cardOfDevice(device);
  if (known?.vram.length === 1) return [];
  const sizes = known?.vram.map((size) => `"${size} GiB"`).join(" or ");
  return [
    { path: "vram", message: sizes ?? `the card's VRAM, for example "24 GiB": the estate does not know ${device}` },
  ];
}

function deviceOf(model: string | undefined, device: string | undefined): string | undefined {
  if (device !== undefined || model === undefined) return device;
  const [only, ...more] = cardsOfModel(model);
  return more.length === 0 ? only?.device : undefined;
}
