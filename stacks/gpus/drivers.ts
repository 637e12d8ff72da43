import type { Architecture } from "./cards";

/**
 * Which of NVIDIA's driver branches drive a generation, and with which kernel modules. Maxwell, Pascal and Volta have neither
 * open modules nor a branch after 580; Blackwell has open modules only, from 570 on. For the others NVIDIA recommends the
 * open ones: https://developer.nvidia.com/blog/nvidia-transitions-fully-towards-open-source-gpu-kernel-modules/
 * https://github.com/NixOS/nixos-hardware/issues/1880 has what driver 595 says to a Pascal card.
 */
interface DriverNeeds {
  readonly modules: "open" | "proprietary";
  readonly from: number;
  readonly to: number;
}

const latest = Number.POSITIVE_INFINITY;
const legacy = { modules: "proprietary", from: 0, to: 580 } as const;
const current = { modules: "open", from: 535, to: latest } as const;
const needs: Readonly<Record<Architecture, DriverNeeds>> = {
  maxwell: legacy,
  pascal: legacy,
  volta: legacy,
  turing: current,
  ampere: current,
  ada: current,
  hopper: current,
  blackwell: { modules: "open", from: 570, to: latest },
};

/** A driver as a guest gets it. */
export interface GuestDriver {
  /** NVIDIA's driver branch. */
  readonly branch: number;
  readonly modules: "open" | "proprietary";
  /** Talos: system extensions. Debian and Ubuntu: packages. */
  readonly install: readonly string[];
}

/**
 * NVIDIA's branches in Talos's system extensions, by Talos minor version: the -lts and the -production ones.
 * https://github.com/siderolabs/extensions, branches release-1.8 to release-1.14, nvidia-gpu/vars.yaml
 */
const talosBranches: readonly (readonly [minor: number, lts: number, production: number])[] = [
  [8, 535, 550],
  [10, 535, 570],
  [12, 580, 570],
  [13, 580, 595],
];

/**
 * The system extensions that drive a card on a Talos node: open modules of the production branch where the card has them,
 * else the proprietary ones of the long-term branch, the only ones that stay with old cards.
 *
 * @param talos version of Talos, for example "1.12.0"
 * @returns undefined when no extension of that Talos drives such a card
 */
export function talosDriver(architecture: Architecture, talos: string): GuestDriver | undefined {
  const { modules } = needs[architecture];
  const minor = Number(talos.split(".")[1]);
  const [, lts, production] = talosBranches.findLast(([from]) => from <= minor) ?? [0, 0, 0];
  const choices = [
    { suffix: "production", branch: production },
    { suffix: "lts", branch: lts },
  ];
  const ordered = modules === "open" ? choices : choices.toReversed();
  const choice = ordered.find(({ branch }) => drives(architecture, branch));
  if (choice === undefined) return undefined;
  const { suffix, branch } = choice;
  const kernelModules = modules === "open" ? "nvidia-open-gpu-kernel-modules" : "nonfree-kmod-nvidia";
  const install = [`siderolabs/${kernelModules}-${suffix}`, `siderolabs/nvidia-container-toolkit-${suffix}`];
  return { branch, modules, install };
}

/** Guests whose distribution packages the driver. */
export const packagedImages = ["ubuntu-22.04", "ubuntu-24.04", "debian-12"] as const;
export type PackagedImage = (typeof packagedImages)[number];

/** Ubuntu's branch for servers, in 22.04 and 24.04: https://packages.ubuntu.com/source/noble/nvidia-graphics-drivers-580-server */
const ubuntuBranch = 580;
/** https://packages.debian.org/bookworm/nvidia-kernel-dkms; its sections contrib and non-free have to be switched on. */
const debianBranch = 535;

/**
 * Debian's modules are built in the guest, for the kernel whose headers are there. Its cloud image has a kernel flavour of its
 * own, and one that is older than the newest headers: the newest kernel comes along, so that both are of one version.
 */
const debianPackages = [
  "linux-image-cloud-amd64",
  "linux-headers-cloud-amd64",
  "nvidia-kernel-dkms",
  "nvidia-smi",
  "libcuda1",
] as const;

/**
 * The packages that drive a card in a Debian or Ubuntu guest, without anything graphical; the distribution's own, so that its
 * updates bring fixes.
 *
 * @returns undefined when the distribution has no driver for such a card
 */
export function packagedDriver(architecture: Architecture, image: PackagedImage): GuestDriver | undefined {
  if (image === "debian-12") {
    if (!drives(architecture, debianBranch)) return undefined;
    // Its proprietary modules drive every generation that the branch drives.
    return { branch: debianBranch, modules: "proprietary", install: debianPackages };
  }
  if (!drives(architecture, ubuntuBranch)) return undefined;
  const { modules } = needs[architecture];
  const name = `${ubuntuBranch}-server`;
  const flavour = modules === "open" ? `${name}-open` : name;
  // Modules that Canonical built and signed; they bring the kernel that they are for.
  // https://ubuntu.com/server/docs/nvidia-drivers-installation
  const install = [`linux-modules-nvidia-${flavour}-generic`, `nvidia-headless-no-dkms-${flavour}`];
  return { branch: ubuntuBranch, modules, install: [...install, `nvidia-utils-${name}`] };
}

function drives(architecture: Architecture, branch: number): boolean {
  const { from, to } = needs[architecture];
  return branch >= from && branch <= to && branch > 0;
}
