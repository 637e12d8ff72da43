import type { Gpu, Vm } from "../../../stacks/estate";
import { nvidiaVendor } from "../../../stacks/gpus/cards";
import { type GuestDriver, packagedDriver, packagedImages, talosDriver } from "../../../stacks/gpus/drivers";
import type { CloudInitParts } from "../cloudInit/userData.plan";

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
  if (!isNvidia(gpu)) return [];
  const packaged = packagedImages.find((name) => name === image);
  const driver =
    packaged === undefined || gpu.architecture === undefined ? undefined : packagedDriver(gpu.architecture, packaged);
  return required(driver, gpu, image).install;
}

/**
 * What cloud-init does on a machine with a card: the driver of its generation, and nouveau kept off the card. The driver comes
 * with a kernel of its own, so that the machine restarts once when it does not drive the card yet.
 */
export function planGuestGpu({ image }: Pick<Vm, "image">, gpu: Gpu): CloudInitParts {
  if (!isNvidia(gpu)) return { writeFiles: [], packages: [], runcmd: [] };
  return {
    writeFiles: [
      { path: "/etc/modprobe.d/estate-nvidia.conf", content: withoutNouveau, permissions: "0644" },
      ...(image === "debian-12"
        ? [{ path: "/etc/apt/sources.list.d/estate-non-free.sources", content: debianNonFree, permissions: "0644" }]
        : []),
    ],
    packages: guestGpuPackages(gpu, image),
    runcmd: [],
    // Made by the driver once it has been loaded.
    restartUnless: "/proc/driver/nvidia/version",
  };
}

/** Whether NVIDIA's driver and tools are what the card needs. */
export function isNvidia({ device }: Gpu): boolean {
  return device.startsWith(`${nvidiaVendor}:`);
}

/** The kernel's own driver takes the card before NVIDIA's can: https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/ */
const withoutNouveau = "blacklist nouveau\noptions nouveau modeset=0\n";

/** Beside the image's own list of sources, which has the section main alone. https://wiki.debian.org/SourcesList */
const debianNonFree = [
  ["http://deb.debian.org/debian", "bookworm bookworm-updates"],
  ["http://deb.debian.org/debian-security", "bookworm-security"],
]
  .map(([uri = "", suites = ""]) =>
    [
      "Types: deb",
      `URIs: ${uri}`,
      `Suites: ${suites}`,
      "Components: contrib non-free non-free-firmware",
      "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
      "",
    ].join("\n"),
  )
  .join("\n");

const toolkitScript = "/usr/local/sbin/estate-gpu-containers";
const toolkitUrl = "https://nvidia.github.io/libnvidia-container";
// Armoured, as it is published: apt reads it so when the name says .asc.
const toolkitKey = "/usr/share/keyrings/nvidia-container-toolkit-keyring.asc";

/**
 * NVIDIA's container toolkit on a machine that has Docker: `docker run --gpus all`, and `deploy.resources` in a compose file.
 * https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html
 */
export const containerToolkit: CloudInitParts = {
  writeFiles: [
    {
      path: toolkitScript,
      permissions: "0700",
      content: [
        "#!/bin/sh",
        "set -eu",
        `curl -fsSL --retry 5 ${toolkitUrl}/gpgkey -o ${toolkitKey}`,
        // $(ARCH) is apt's own, not the shell's.
        `echo 'deb [signed-by=${toolkitKey}] ${toolkitUrl}/stable/deb/$(ARCH) /' >/etc/apt/sources.list.d/nvidia-container-toolkit.list`,
        "apt-get update",
        "DEBIAN_FRONTEND=noninteractive apt-get install --yes nvidia-container-toolkit",
        "mkdir -p /etc/docker",
        "nvidia-ctk runtime configure --runtime=docker",
        "systemctl restart docker",
        "",
      ].join("\n"),
    },
  ],
  packages: ["curl"],
  runcmd: [[toolkitScript]],
};
