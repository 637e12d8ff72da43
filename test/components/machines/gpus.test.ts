import fc from "fast-check";
import { guestGpuPackages, talosGpuExtensions } from "../../../components/machines/gpus/guest.plan";
import { type Architecture, architectures, cardOfDevice, cardsOfModel, gpuCards } from "../../../stacks/gpus/cards";
import { packagedDriver, talosDriver } from "../../../stacks/gpus/drivers";
import { weightsOf } from "../../../stacks/gpus/models";

// That the tables say what the cards are, no test can show: their sources are named beside them.
describe("cards", () => {
  test("each id is there once, and found", () => {
    const ids = gpuCards.map(({ device }) => device);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => cardOfDevice(id)?.device !== id)).toEqual([]);
  });

  test("ids and sizes are written as specs write them", () => {
    const odd = gpuCards.filter(
      ({ device, companions, vram }) =>
        ![device, ...companions].every((id) => /^10de:[0-9a-f]{4}$/.test(id)) ||
        vram.length === 0 ||
        !vram.every((size) => Number.isInteger(size) && size > 0),
    );
    expect(odd).toEqual([]);
  });

  test("cards of one model differ in their id only", () => {
    const kinds = gpuCards.map(({ device: _, ...kind }) => JSON.stringify(kind));
    const models = gpuCards.map(({ model }) => model);
    expect(new Set(kinds).size).toBe(new Set(models).size);
  });

  test("the reference cards", () => {
    expect(cardsOfModel("rtx-4090")).toEqual([
      { model: "rtx-4090", device: "10de:2684", architecture: "ada", vram: [24], companions: ["10de:22ba"] },
    ]);
    expect(cardOfDevice("10de:2204")).toMatchObject({ model: "rtx-3090", vram: [24], companions: ["10de:1aef"] });
    expect(cardOfDevice("10de:ffff")).toBeUndefined();
  });
});

describe("drivers", () => {
  const open = (suffix: string): string[] => [
    `siderolabs/nvidia-open-gpu-kernel-modules-${suffix}`,
    `siderolabs/nvidia-container-toolkit-${suffix}`,
  ];
  const legacy = ["siderolabs/nonfree-kmod-nvidia-lts", "siderolabs/nvidia-container-toolkit-lts"];

  test.each<[Architecture, string, string[] | undefined, number | undefined]>([
    ["maxwell", "1.12.0", legacy, 580],
    ["pascal", "1.12.0", legacy, 580],
    ["pascal", "1.13.2", legacy, 580],
    ["volta", "1.10.0", legacy, 535],
    ["turing", "1.12.0", open("production"), 570],
    ["ampere", "1.13.0", open("production"), 595],
    ["ada", "1.9.5", open("production"), 550],
    ["blackwell", "1.12.0", open("production"), 570],
    ["blackwell", "1.14.0", open("production"), 595],
    ["blackwell", "1.9.0", undefined, undefined],
    ["ampere", "1.7.0", undefined, undefined],
  ])("%s on Talos %s", (architecture, talos, install, branch) => {
    expect(talosDriver(architecture, talos)?.install).toEqual(install);
    expect(talosDriver(architecture, talos)?.branch).toBe(branch);
  });

  test("kernel modules and userspace are always of one branch", () => {
    fc.assert(
      fc.property(fc.constantFrom(...architectures), fc.integer({ min: 0, max: 30 }), (architecture, minor) => {
        const suffixes = talosDriver(architecture, `1.${minor}.0`)?.install.map((name) => name.split("-").at(-1)) ?? [];
        return new Set(suffixes).size <= 1;
      }),
    );
  });

  const ubuntu = (flavour: string): string[] => [
    `linux-modules-nvidia-${flavour}-generic`,
    `nvidia-headless-no-dkms-${flavour}`,
    "nvidia-utils-580-server",
  ];
  const debian = [
    "linux-image-cloud-amd64",
    "linux-headers-cloud-amd64",
    "nvidia-kernel-dkms",
    "nvidia-smi",
    "libcuda1",
  ];

  test.each<[Architecture, "ubuntu-24.04" | "debian-12", string[] | undefined]>([
    ["pascal", "ubuntu-24.04", ubuntu("580-server")],
    ["ada", "ubuntu-24.04", ubuntu("580-server-open")],
    ["blackwell", "ubuntu-24.04", ubuntu("580-server-open")],
    ["pascal", "debian-12", debian],
    ["ada", "debian-12", debian],
    ["blackwell", "debian-12", undefined],
  ])("%s in %s", (architecture, image, install) => {
    expect(packagedDriver(architecture, image)?.install).toEqual(install);
  });
});

describe("what a guest is given", () => {
  const card = {
    slot: "0000:01:00",
    device: "10de:1b81",
    companions: [],
    vram: "8 GiB",
    architecture: "pascal",
  } as const;

  test("follows from its card", () => {
    expect(talosGpuExtensions(card, "1.12.0")).toEqual([
      "siderolabs/nonfree-kmod-nvidia-lts",
      "siderolabs/nvidia-container-toolkit-lts",
    ]);
    expect(guestGpuPackages(card, "ubuntu-22.04")).toEqual([
      "linux-modules-nvidia-580-server-generic",
      "nvidia-headless-no-dkms-580-server",
      "nvidia-utils-580-server",
    ]);
    expect(guestGpuPackages({ ...card, device: "1002:744c" }, "ubuntu-22.04")).toEqual([]);
  });

  test("what the loader refuses is a defect here", () => {
    expect(() => talosGpuExtensions({ ...card, architecture: "blackwell" }, "1.9.0")).toThrow(
      new Error("the loader let pass that Talos 1.9.0 has no driver for 10de:1b81"),
    );
    expect(() => guestGpuPackages(card, "opnsense")).toThrow(
      new Error("the loader let pass that opnsense has no driver for 10de:1b81"),
    );
  });
});

test("sizes of models are in GiB, and only exact names are known", () => {
  expect(weightsOf("llama3.2:3b")).toBeCloseTo(1.863, 3);
  expect(weightsOf("llama3.2")).toBeUndefined();
  expect(weightsOf("constructor")).toBeUndefined();
});
