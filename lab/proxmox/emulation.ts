/** A VM, as whoever stands for its hardware needs to know it. */
export interface VmEvent {
  readonly vmid: number;
  readonly node: string;
  readonly name: string;
  /** Static IPv4 address of its first network device; "" when it has none. */
  readonly address: string;
  /** Cloud-init user data of its own; undefined when it has none. */
  readonly userData: string | undefined;
  /**
   * What it boots from: the URL that the installer or its disk's image was downloaded from, or that image's volume when it was
   * not; "" when it boots from nothing that is known.
   */
  readonly image: string;
  /** Of all sockets together. */
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** PCI devices it is given by their mapping, in the order of its slots. */
  readonly passthrough: readonly PassedDevice[];
  /** Whether its host starts it when it boots. */
  readonly onBoot: boolean;
}

/** A PCI device of a VM. */
export interface PassedDevice {
  /** Name of the mapping. */
  readonly mapping: string;
  /** Vendor and device id: "10de:2684". */
  readonly id: string;
}

/** A file that a node can download. */
export interface Download {
  /** Bytes. */
  readonly size: number;
  /** Checksums by algorithm, "sha256". @default whatever checksum is asked for is right */
  readonly checksums?: Readonly<Record<string, string>>;
}

/** What the emulator leaves to the lab around it. */
export interface Hooks {
  /** Called when a VM is started; its start task runs until this ends, and fails when it throws. */
  readonly onStart?: (vm: VmEvent) => void | Promise<void>;
  /** Called when a VM is stopped or shut down, likewise. */
  readonly onStop?: (vm: VmEvent) => void | Promise<void>;
  /** Called when a stopped VM is destroyed, likewise. */
  readonly onDestroy?: (vm: VmEvent) => void | Promise<void>;
  /** What lies under a URL; undefined when there is nothing. Nothing is ever sent there. @default 600 MiB at every https URL */
  readonly download?: (url: string) => Download | undefined;
}

/** The hooks, and the folder that stands for the nodes' disks: nothing outside of it is ever written. */
export interface Emulation extends Hooks {
  readonly root: string;
}

export function downloadable(emulation: Hooks, url: string): Download | undefined {
  if (emulation.download !== undefined) return emulation.download(url);
  return url.startsWith("https://") ? { size: 600 * 1024 * 1024 } : undefined;
}
