import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** The script that prepares hosts, as the estate sends it. */
export const passthroughScript = join(__dirname, "../../components/machines/proxmoxHost/passthrough.sh");

/** A host as its release is installed: boot loader, kernel, kernel command line. */
export interface Installed {
  readonly release: string;
  readonly kernel: string;
  readonly boot: "grub" | "systemd-boot";
  readonly cpu: "intel" | "amd";
}

/** Files as the installers leave them: with ext4 or LVM a host boots by grub, with ZFS on UEFI by systemd-boot. */
const grub = [
  "# If you change this file, run 'update-grub' afterwards to update",
  "GRUB_DEFAULT=0",
  "GRUB_TIMEOUT=5",
  "GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`",
  'GRUB_CMDLINE_LINUX_DEFAULT="quiet"',
  'GRUB_CMDLINE_LINUX=""',
  "",
  "# Uncomment to disable graphical terminal",
  "#GRUB_TERMINAL=console",
  "",
].join("\n");
const zfs = "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n";

export const installed: readonly Installed[] = [
  { release: "7.4", kernel: "5.15.102-1-pve", boot: "grub", cpu: "intel" },
  { release: "7.4", kernel: "5.15.102-1-pve", boot: "systemd-boot", cpu: "amd" },
  { release: "8.4", kernel: "6.8.12-9-pve", boot: "grub", cpu: "amd" },
  { release: "8.4", kernel: "6.8.12-9-pve", boot: "systemd-boot", cpu: "intel" },
  { release: "9.0", kernel: "6.14.8-2-pve", boot: "grub", cpu: "intel" },
  { release: "9.0", kernel: "6.14.8-2-pve", boot: "systemd-boot", cpu: "amd" },
];

/** A PCI device as sysfs shows it. */
export interface Device {
  readonly id: string;
  readonly pciClass: string;
  readonly group: number;
  readonly driver?: string;
  /** Vendor and device of the card's maker. @default none */
  readonly subsystem?: string;
}

/** An RTX 4090 behind its root port, the host's own graphics and disk. */
export const usualDevices: Readonly<Record<string, Device>> = {
  "0000:00:01.0": { id: "8086:4c01", pciClass: "0x060400", group: 1, driver: "pcieport" },
  "0000:00:02.0": { id: "8086:4c8a", pciClass: "0x030000", group: 0, driver: "i915" },
  "0000:01:00.0": { id: "10de:2684", pciClass: "0x030000", group: 1, driver: "nouveau", subsystem: "1043:889a" },
  "0000:01:00.1": { id: "10de:22ba", pciClass: "0x040300", group: 1, driver: "snd_hda_intel" },
  "0000:02:00.0": { id: "144d:a80a", pciClass: "0x010802", group: 2, driver: "nvme" },
};
export const card = ["--ids", "10de:22ba,10de:2684", "--slots", "0000:01:00"];
/** What the script says of a host that is prepared for that card. */
export const prepared =
  "passthrough: prepared, nothing to change\npassthrough: card 0000:01:00 iommugroup=1 subsystem=1043:889a\n";

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Proxmox host's files in a folder of its own. What a boot loader or a kernel would do is played by `reboot`. */
export class ScratchHost {
  readonly root = mkdtempSync(join(tmpdir(), "proxmox-host-"));
  private devices: Readonly<Record<string, Device>> = usualDevices;

  constructor(readonly what: Installed) {
    this.write("/etc/default/grub", grub);
    if (what.boot === "systemd-boot") this.write("/etc/kernel/cmdline", zfs);
    this.write("/proc/sys/kernel/osrelease", `${what.kernel}\n`);
    this.write("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz quiet\n");
    this.plug(usualDevices);
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  /** Every file below /etc, by path. */
  etc(): Record<string, string> {
    const folder = join(this.root, "etc");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
    return Object.fromEntries(
      files
        .filter((path) => statSync(path).isFile())
        .map((path) => [`/${relative(this.root, path)}`, readFileSync(path, "utf8")]),
    );
  }

  /** Every path there is, with the content of files: to see that nothing was changed. */
  everything(): Record<string, string> {
    const names = readdirSync(this.root, { recursive: true, encoding: "utf8" }).sort();
    return Object.fromEntries(
      names.map((name) => {
        const path = join(this.root, name);
        return [name, statSync(path).isFile() ? readFileSync(path, "utf8") : ""];
      }),
    );
  }

  plug(devices: Readonly<Record<string, Device>>): void {
    this.devices = devices;
    this.showDevices();
  }

  /** The kernel comes up with the command line that is in the files; /run is empty; vfio-pci has what was declared. */
  reboot(firmware: { readonly iommu: boolean } = { iommu: true }): void {
    const line =
      this.what.boot === "grub"
        ? (/^GRUB_CMDLINE_LINUX_DEFAULT=['"]?([^'"\n]*)/m.exec(this.read("/etc/default/grub"))?.[1] ?? "")
        : this.read("/etc/kernel/cmdline").trim();
    this.write("/proc/cmdline", `${line}\n`);
    rmSync(join(this.root, "run"), { recursive: true, force: true });
    this.showDevices(firmware.iommu);
  }

  run(mode: string, ...options: string[]): Ran {
    const place = mode === "undo" ? [] : ["--cpu", this.what.cpu, "--boot", this.what.boot];
    return this.bash([mode, ...place, ...options]);
  }

  bash(words: readonly string[]): Ran {
    const { status, stdout, stderr } = spawnSync("bash", [passthroughScript, ...words], {
      encoding: "utf8",
      env: { ...process.env, ESTATE_ROOT: this.root },
    });
    return { status, stdout, stderr };
  }

  /** A shell command on this host, as its SSH server would start it. */
  shell(command: string): ChildProcess {
    return spawn("bash", ["-c", command], { env: { ...process.env, ESTATE_ROOT: this.root } });
  }

  private vfioIds(): string {
    const file = join(this.root, "etc/modprobe.d/estate-vfio.conf");
    return statSync(file, { throwIfNoEntry: false }) === undefined ? "" : readFileSync(file, "utf8");
  }

  /** Intel's IOMMU is off by default before Linux 6.8. */
  private showDevices(firmware = true): void {
    rmSync(join(this.root, "sys"), { recursive: true, force: true });
    const { cpu, kernel } = this.what;
    const iommu =
      firmware && (cpu === "amd" || !kernel.startsWith("5.") || this.read("/proc/cmdline").includes("intel_iommu=on"));
    for (const [address, { id, pciClass, group, driver, subsystem }] of Object.entries(this.devices)) {
      const place = join("/sys/bus/pci/devices", address);
      const [vendor = "", device = ""] = id.split(":");
      this.write(`${place}/vendor`, `0x${vendor}\n`);
      this.write(`${place}/device`, `0x${device}\n`);
      this.write(`${place}/class`, `${pciClass}\n`);
      const [maker, model] = subsystem?.split(":") ?? [];
      if (maker !== undefined) this.write(`${place}/subsystem_vendor`, `0x${maker}\n`);
      if (model !== undefined) this.write(`${place}/subsystem_device`, `0x${model}\n`);
      const bound = this.vfioIds().includes(id) ? "vfio-pci" : driver;
      if (bound !== undefined) this.link(join("/sys/bus/pci/drivers", bound), join(place, "driver"));
      if (!iommu) continue;
      const groupPlace = `/sys/kernel/iommu_groups/${group}`;
      mkdirSync(join(this.root, groupPlace, "devices", address), { recursive: true });
      this.link(groupPlace, join(place, "iommu_group"));
    }
  }

  private link(to: string, from: string): void {
    mkdirSync(join(this.root, to), { recursive: true });
    symlinkSync(join(this.root, to), join(this.root, from));
  }
}
