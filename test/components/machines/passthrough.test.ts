import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

// Runs the real script on a scratch root. It cannot prove that a host boots with what the script wrote.
const script = join(__dirname, "../../../components/machines/proxmoxHost/passthrough.sh");
const card = ["--ids", "10de:2684,10de:22ba", "--slots", "0000:01:00"];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "passthrough-"));
  file("/etc/default/grub", 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_TIMEOUT=5\n');
  file("/etc/kernel/cmdline", "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n");
  file("/proc/sys/kernel/osrelease", "6.8.12-4-pve\n");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function file(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
const read = (path: string): string => readFileSync(join(root, path), "utf8");

function run(mode: string, ...options: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync("bash", [script, mode, "--root", root, ...options], { encoding: "utf8" });
}
const apply = (cpu: string, boot: string): ReturnType<typeof run> =>
  run("apply", "--cpu", cpu, "--boot", boot, ...card);

/** Devices of one IOMMU group, as sysfs shows them: address -> class. */
function iommuGroup(members: Record<string, string>): void {
  const group = "/sys/kernel/iommu_groups/13";
  for (const [address, pciClass] of Object.entries(members)) {
    file(`/sys/bus/pci/devices/${address}/class`, `${pciClass}\n`);
    mkdirSync(join(root, group, "devices", address), { recursive: true });
    symlinkSync(join(root, group), join(root, "/sys/bus/pci/devices", address, "iommu_group"));
  }
}

describe("passthrough.sh", () => {
  test.each([
    ["intel", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on iommu=pt"'],
    ["amd", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"'],
  ])("adds the kernel arguments of %s for grub and leaves the other lines", (cpu, line) => {
    const { status, stdout } = apply(cpu, "grub");
    expect(status).toBe(0);
    expect(read("/etc/default/grub")).toBe(`GRUB_DEFAULT=0\n${line}\nGRUB_TIMEOUT=5\n`);
    expect(stdout).toContain("would run: update-grub");
    expect(stdout).toContain("a reboot is needed");
  });

  test("keeps the command line of systemd-boot on one line", () => {
    const { stdout } = apply("intel", "systemd-boot");
    expect(read("/etc/kernel/cmdline")).toBe("root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on iommu=pt\n");
    expect(stdout).toContain("would run: proxmox-boot-tool refresh");
  });

  test("binds the cards to vfio-pci and keeps nouveau away", () => {
    apply("intel", "grub");
    expect(read("/etc/modprobe.d/estate-vfio.conf")).toContain(
      "options vfio-pci ids=10de:2684,10de:22ba disable_vga=1\n",
    );
    expect(read("/etc/modprobe.d/estate-blacklist.conf")).toBe(
      "blacklist nouveau\nblacklist nvidiafb\noptions nouveau modeset=0\n",
    );
    expect(read("/etc/modules-load.d/estate-vfio.conf")).toBe("vfio\nvfio_iommu_type1\nvfio_pci\n");
  });

  test("loads vfio_virqfd only on kernels before 6.2, which folded it into vfio", () => {
    file("/proc/sys/kernel/osrelease", "5.15.158-2-pve\n");
    apply("intel", "grub");
    expect(read("/etc/modules-load.d/estate-vfio.conf")).toBe("vfio\nvfio_iommu_type1\nvfio_pci\nvfio_virqfd\n");
  });

  test("a second run changes nothing", () => {
    apply("intel", "grub");
    const before = execFileSync("find", [root, "-type", "f", "-exec", "sha256sum", "{}", "+"], { encoding: "utf8" });
    const second = apply("intel", "grub");
    expect(second.stdout).toBe(
      "0000:01:00: IOMMU group not visible yet, checked again after the reboot\npassthrough: prepared, nothing to change\n",
    );
    expect(execFileSync("find", [root, "-type", "f", "-exec", "sha256sum", "{}", "+"], { encoding: "utf8" })).toBe(
      before,
    );
  });

  test("check says what would change, changes nothing and exits 3", () => {
    const { status, stdout } = run("check", "--cpu", "intel", "--boot", "grub", ...card);
    expect(status).toBe(3);
    expect(stdout).toContain("/etc/default/grub: changes\n");
    expect(read("/etc/default/grub")).toContain('"quiet"');
    expect(run("check", "--cpu", "intel", "--boot", "grub", ...card).stdout).toBe(stdout);
  });

  test("accepts a group of the card's own functions and a PCI bridge", () => {
    iommuGroup({ "0000:00:01.0": "0x060400", "0000:01:00.0": "0x030000", "0000:01:00.1": "0x040300" });
    expect(apply("intel", "grub").status).toBe(0);
  });

  test("refuses a card that shares its group with another device, before anything is changed", () => {
    iommuGroup({ "0000:01:00.0": "0x030000", "0000:02:00.0": "0x010802" });
    const { status, stderr } = apply("intel", "grub");
    expect(status).toBe(4);
    expect(stderr).toBe(
      "passthrough: 0000:01:00 shares its IOMMU group with 0000:02:00.0 (class 0x010802): passing it through would take that " +
        "from the host. Put the card in another slot, or separate the group (ACS)\n",
    );
    expect(read("/etc/default/grub")).toContain('"quiet"');
  });

  test("reboots on request only", () => {
    const { stdout } = run("apply", "--cpu", "intel", "--boot", "grub", ...card, "--reboot");
    expect(stdout).toContain("passthrough: rebooting\nwould run: systemctl reboot\n");
  });

  test.each([
    [["apply", "--cpu", "arm", "--boot", "grub", ...card], "passthrough: --cpu must be intel or amd, not 'arm'\n"],
    [
      ["apply", "--cpu", "amd", "--boot", "lilo", ...card],
      "passthrough: --boot must be grub or systemd-boot, not 'lilo'\n",
    ],
    [["apply", "--cpu", "amd", "--boot", "grub"], "passthrough: --ids is empty: which cards?\n"],
    [
      ["undo", "--cpu", "amd", "--boot", "grub", ...card],
      "passthrough: first word must be check or apply, not 'undo'\n",
    ],
  ])("refuses %j", ([mode = "", ...options], message) => {
    const { status, stderr } = run(mode, ...options);
    expect(status).toBe(2);
    expect(stderr).toBe(message);
  });

  test("the host's commands are run when it works on the host itself", () => {
    // Host commands are stand-ins on PATH here; the files are the scratch root's because the script sees it as /.
    const log = join(root, "log");
    for (const name of ["update-grub", "update-initramfs"]) {
      file(`/stub/${name}`, `#!/bin/sh\necho ${name} "$@" >>${log}\n`);
      chmodSync(join(root, "stub", name), 0o755);
    }
    const text = readFileSync(script, "utf8")
      .replaceAll('"$root', `"${root}`)
      .replaceAll('[ -n "' + root + '" ]', "false");
    execFileSync("bash", ["-s", "--", "apply", "--cpu", "intel", "--boot", "grub", ...card], {
      input: text,
      env: { ...process.env, PATH: `${join(root, "stub")}:${process.env["PATH"] ?? ""}` },
    });
    expect(readFileSync(log, "utf8")).toBe("update-grub\nupdate-initramfs -u -k all\n");
  });
});
