import type { TalosClusterSpec, Vm } from "../../stacks/estate";

/** What a file must be, or the host refuses it. */
export interface Checksum {
  readonly algorithm: "sha256" | "sha512";
  /** Hexadecimal, of the file as it is downloaded: of a compressed one, before it is unpacked. */
  readonly value: string;
}

/** How a VM comes by its operating system. */
export interface ImageSource {
  /**
   * Short: part of resource names. With the release in it, so that another release is another file beside the first, and
   * the first goes when no VM names it.
   */
  readonly key: string;
  readonly url: string;
  /** Name in the datastore. Proxmox insists on a fitting extension. */
  readonly fileName: string;
  /** "import": the disk is made from it; "iso": the VM boots from it and installs. */
  readonly contentType: "import" | "iso";
  readonly decompression?: "bz2";
  /** What the host holds the file against. @default nothing: nobody said a checksum of it */
  readonly checksum?: Checksum;
}

// Dated releases, never "current" or "latest": the same spec makes the same VM on any day. The publishers take old releases
// away after some months; a host that has the file does not need them. docs/machines.md says how a release is moved on.
const images: Readonly<Record<Exclude<Vm["image"], "talos">, ImageSource>> = {
  // https://cloud-images.ubuntu.com/releases/jammy/release-20260913/SHA256SUMS
  "ubuntu-22.04": {
    key: "ubuntu-22-04-20260913",
    url: "https://cloud-images.ubuntu.com/releases/jammy/release-20260913/ubuntu-22.04-server-cloudimg-amd64.img",
    fileName: "ubuntu-22.04-server-cloudimg-amd64-20260913.qcow2",
    contentType: "import",
    checksum: {
      algorithm: "sha256",
      value: "9144540e8af7637d258b50dbabe82ce1aa6752c9574fedfb048270da0e087899",
    },
  },
  // https://cloud-images.ubuntu.com/releases/noble/release-20260911/SHA256SUMS
  "ubuntu-24.04": {
    key: "ubuntu-24-04-20260911",
    url: "https://cloud-images.ubuntu.com/releases/noble/release-20260911/ubuntu-24.04-server-cloudimg-amd64.img",
    fileName: "ubuntu-24.04-server-cloudimg-amd64-20260911.qcow2",
    contentType: "import",
    checksum: {
      algorithm: "sha256",
      value: "612b2c0cc1bc413a6cb8c38fd611794caf0f2b436c50013d8b3794db12ad7354",
    },
  },
  // https://cloud.debian.org/images/cloud/bookworm/20260923-2610/SHA512SUMS
  "debian-12": {
    key: "debian-12-20260923",
    url: "https://cloud.debian.org/images/cloud/bookworm/20260923-2610/debian-12-genericcloud-amd64-20260923-2610.qcow2",
    fileName: "debian-12-genericcloud-amd64-20260923-2610.qcow2",
    contentType: "import",
    checksum: {
      algorithm: "sha512",
      value:
        "3d94c9dd66d8a283fde060b8810373b7ae04038b956ee00d553d1ae564f6fbde" +
        "aa2fd6e7404e87e53348b5a9509170f3ea7c0731ba737590c5c4cb8d559a47f8",
    },
  },
  // https://pkg.opnsense.org/releases/26.7/OPNsense-26.7-checksums-amd64.sha256 : the installer; there is no cloud image
  opnsense: {
    key: "opnsense-26-7",
    url: "https://pkg.opnsense.org/releases/26.7/OPNsense-26.7-dvd-amd64.iso.bz2",
    fileName: "OPNsense-26.7-dvd-amd64.iso",
    contentType: "iso",
    decompression: "bz2",
    checksum: {
      algorithm: "sha256",
      value: "95cafedda6d5b22ce832e249dc2309110fbee19f813ad78cf28bb3d387186bfb",
    },
  },
};

/** The image factory's id of a schematic without extensions: enough to boot into maintenance mode. https://factory.talos.dev */
const plainSchematic = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";

/**
 * Where the image of a VM comes from. The image factory builds Talos images when they are asked for, and tells their checksums
 * to customers only (https://github.com/siderolabs/image-factory/blob/main/docs/api.md, "Checksums"): the version and the
 * schematic are in the URL, and a checksum is what the spec says.
 *
 * @param image the image's name in the spec
 * @param cluster the cluster that the VM is in; Talos boots from its installer and is given its extensions by the machine
 *   configuration's install image
 */
export function imageSource(
  image: Vm["image"],
  cluster: Pick<TalosClusterSpec, "talos" | "imageSha256"> | undefined,
): ImageSource {
  if (image !== "talos") return images[image];
  if (cluster === undefined) throw new Error('a VM with image "talos" is in no cluster: its Talos version is unknown');
  const { talos, imageSha256 } = cluster;
  // Two clusters that expect different files of one version each have theirs, and the wrong one is refused.
  const suffix = imageSha256 === undefined ? "" : `-${imageSha256.slice(0, 8)}`;
  return {
    key: `talos-${talos.replaceAll(".", "-")}${suffix}`,
    url: `https://factory.talos.dev/image/${plainSchematic}/v${talos}/nocloud-amd64.iso`,
    fileName: `talos-${talos}${suffix}-nocloud-amd64.iso`,
    contentType: "iso",
    ...(imageSha256 === undefined ? {} : { checksum: { algorithm: "sha256", value: imageSha256 } }),
  };
}
