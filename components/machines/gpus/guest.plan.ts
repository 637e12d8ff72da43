import type { Gpu } from "../../../stacks/estate";
import { type GuestDriver, packagedDriver, packagedImages, talosDriver } from "../../../stacks/gpus/drivers";

/** What the loader refuses (stacks/checks/gpuCards.ts), so that asking here is a defect. */
function required(driver: GuestDriver | undefined, gpu: Gpu, guest: string): GuestDriver {
  if (driver === undefined) throw new Error(`the loader let pass that ${guest} has no driver for ${gpu.device}`);
  return driver;
}

/** The system extensions of a Talos node with this card. */
export function talosGpuExtensions(gpu: Gpu, talos: string): readonly string[] {
  const driver = gpu.architecture === undefined ? undefined : talosDriver(gpu.architecture, talos);
  return required(driver, gpu, `Talos ${talos}`).install;
}

/** The packages of a Debian or Ubuntu guest with this card; none for a card of another vendor, whose driver is in the kernel. */
export function guestGpuPackages(gpu: Gpu, image: string): readonly string[] {
  if (!gpu.device.startsWith("10de:")) return [];
  const packaged = packagedImages.find((name) => name === image);
  const driver =
    packaged === undefined || gpu.architecture === undefined ? undefined : packagedDriver(gpu.architecture, packaged);
  return required(driver, gpu, image).install;
}
