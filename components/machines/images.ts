import type { Vm } from "../../stacks/estate";

/** How a VM comes by its operating system. */
export interface ImageSource {
  /** Short and stable: part of resource names. */
  readonly key: string;
  readonly url: string;
  /** Name in the datastore. Proxmox insists on a fitting extension. */
  readonly fileName: string;
  /** "import": the disk is made from it; "iso": the VM boots from it and installs. */
  readonly contentType: "import" | "iso";
  readonly decompression?: "bz2";
}

const images: Readonly<Record<Exclude<Vm["image"], "talos">, ImageSource>> = {
  // https://cloud-images.ubuntu.com/jammy/
  "ubuntu-22.04": {
    key: "ubuntu-22-04",
    url: "https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img",
    fileName: "jammy-server-cloudimg-amd64.qcow2",
    contentType: "import",
  },
  // https://cloud-images.ubuntu.com/noble/
  "ubuntu-24.04": {
    key: "ubuntu-24-04",
    url: "https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img",
    fileName: "noble-server-cloudimg-amd64.qcow2",
    contentType: "import",
  },
  // https://cloud.debian.org/images/cloud/bookworm/
  "debian-12": {
    key: "debian-12",
    url: "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2",
    fileName: "debian-12-genericcloud-amd64.qcow2",
    contentType: "import",
  },
  // https://pkg.opnsense.org/releases/ : the installer; OPNsense publishes no cloud image
  opnsense: {
    key: "opnsense-24-7",
    url: "https://pkg.opnsense.org/releases/24.7/OPNsense-24.7-dvd-amd64.iso.bz2",
    fileName: "OPNsense-24.7-dvd-amd64.iso",
    contentType: "iso",
    decompression: "bz2",
  },
};

/** The image factory's id of a schematic without extensions: enough to boot into maintenance mode. https://factory.talos.dev */
const plainSchematic = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";

/**
 * Where the image of a VM comes from.
 *
 * @param image the image's name in the spec
 * @param talosVersion version of the cluster that the VM is in; Talos boots from its installer and is given its
 *   extensions by the machine configuration's install image
 */
export function imageSource(image: Vm["image"], talosVersion: string | undefined): ImageSource {
  if (image !== "talos") return images[image];
  if (talosVersion === undefined)
    throw new Error('a VM with image "talos" is in no cluster: its Talos version is unknown');
  return {
    key: `talos-${talosVersion.replaceAll(".", "-")}`,
    url: `https://factory.talos.dev/image/${plainSchematic}/v${talosVersion}/nocloud-amd64.iso`,
    fileName: `talos-${talosVersion}-nocloud-amd64.iso`,
    contentType: "iso",
  };
}
