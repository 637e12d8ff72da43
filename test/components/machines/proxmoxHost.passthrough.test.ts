import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { card, installed, passthroughScript, prepared, ScratchHost } from "../../support/scratchHost";

// Runs the real script on a scratch root. It cannot prove that a host boots with what the script wrote.
let host: ScratchHost;
const [, , , , newest] = installed;
if (newest === undefined) throw new Error("no hosts to test on");

function on(what: (typeof installed)[number]): ScratchHost {
  host = new ScratchHost(what);
  return host;
}
afterEach(() => {
  host.remove();
});

/** Until it is prepared: applied, rebooted, applied again. */
function prepare(what = newest): void {
  on(what ?? fail()).run("apply", ...card);
  host.reboot();
  expect(host.run("apply", ...card).status).toBe(0);
}
function fail(): never {
  throw new Error("no host");
}
const commandLine = (): string =>
  host.what.boot === "grub"
    ? (/^GRUB_CMDLINE_LINUX_DEFAULT=.*$/m.exec(host.read("/etc/default/grub"))?.[0] ?? "")
    : host.read("/etc/kernel/cmdline");

describe.each(installed)("Proxmox VE $release, $boot, $cpu", (what) => {
  const wanted = what.cpu === "intel" ? "intel_iommu=on iommu=pt" : "iommu=pt";
  const groupsVisible = !(what.cpu === "intel" && what.kernel.startsWith("5."));

  test("check says what would change, in exit code and words, and changes nothing", () => {
    on(what);
    const before = host.everything();
    const { status, stdout, stderr } = host.run("check", ...card);
    expect({ status, stdout, stderr }).toEqual({
      status: 3,
      stdout: `${what.boot === "grub" ? "/etc/default/grub" : "/etc/kernel/cmdline"}: changes
/etc/modules-load.d/estate-vfio.conf: is created
/etc/modprobe.d/estate-vfio.conf: is created
/etc/modprobe.d/estate-blacklist.conf: is created
passthrough: changes are needed
`,
      stderr: "",
    });
    expect(host.everything()).toEqual(before);
  });

  test("apply writes what belongs there, has it taken over, and fails until the host runs with it", () => {
    on(what);
    const before = host.etc();
    const { status, stdout, stderr } = host.run("apply", ...card);
    expect(status).toBe(5);
    expect(stdout.split("\n").filter((line) => line.startsWith("would run"))).toEqual([
      what.boot === "grub" ? "would run: update-grub" : "would run: proxmox-boot-tool refresh",
      "would run: update-initramfs -u -k all",
    ]);
    expect(stderr).toBe(
      `passthrough: the files are in place, but the host does not run with them yet (it was not rebooted since its files were changed; 0000:01:00.0 is held by nouveau; 0000:01:00.1 is held by snd_hda_intel; ${
        groupsVisible ? "" : "the IOMMU is off, so what shares a group with 0000:01:00 is not known; "
      }the kernel runs without ${wanted}): reboot it, then run this again\n`,
    );
    const modules = ["vfio", "vfio_iommu_type1", "vfio_pci", ...(what.kernel.startsWith("5.") ? ["vfio_virqfd"] : [])];
    const changed: Record<string, string> =
      what.boot === "grub"
        ? { "/etc/default/grub": (before["/etc/default/grub"] ?? "").replace('"quiet"', `"quiet ${wanted}"`) }
        : { "/etc/kernel/cmdline": `root=ZFS=rpool/ROOT/pve-1 boot=zfs ${wanted}\n` };
    expect(host.etc()).toEqual({
      ...before,
      ...changed,
      "/etc/modules-load.d/estate-vfio.conf": `${modules.join("\n")}\n`,
      "/etc/modprobe.d/estate-vfio.conf": `options vfio-pci ids=10de:22ba,10de:2684 disable_vga=1
softdep nouveau pre: vfio-pci
softdep nvidia pre: vfio-pci
softdep nvidiafb pre: vfio-pci
softdep snd_hda_intel pre: vfio-pci
`,
      "/etc/modprobe.d/estate-blacklist.conf": `blacklist nouveau
blacklist nvidia
blacklist nvidiafb
options nouveau modeset=0
`,
    });
  });

  test("after the reboot it is prepared, and a further run changes nothing", () => {
    prepare(what);
    const before = host.everything();
    const nothing = { status: 0, stdout: prepared, stderr: "" };
    expect(host.run("check", ...card)).toEqual(nothing);
    expect(host.run("apply", ...card)).toEqual(nothing);
    expect(host.everything()).toEqual(before);
  });

  test("undo leaves the files as they were before, once and again", () => {
    on(what);
    const before = host.etc();
    host.run("apply", ...card);
    const { status, stdout } = host.run("undo");
    expect(status).toBe(0);
    expect(stdout).toContain(
      what.boot === "grub" ? "would run: update-grub\n" : "would run: proxmox-boot-tool refresh\n",
    );
    expect(stdout).toContain("would run: update-initramfs -u -k all\npassthrough: taken back; ");
    expect(host.etc()).toEqual(before);
    expect(host.run("undo")).toEqual({ status: 0, stdout: "passthrough: nothing to take back\n", stderr: "" });
  });
});

describe("the kernel command line", () => {
  const line = (value: string): void => {
    on(newest).write(
      "/etc/default/grub",
      host.read("/etc/default/grub").replace(/^GRUB_CMDLINE_LINUX_DEFAULT=.*$/m, value),
    );
  };

  test.each([
    ["GRUB_CMDLINE_LINUX_DEFAULT='quiet splash'", "GRUB_CMDLINE_LINUX_DEFAULT='quiet splash intel_iommu=on iommu=pt'"],
    ["GRUB_CMDLINE_LINUX_DEFAULT=quiet", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on iommu=pt"'],
    ['GRUB_CMDLINE_LINUX_DEFAULT="" # none', 'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on iommu=pt" # none'],
    ['GRUB_CMDLINE_LINUX_DEFAULT="a&b /c"', 'GRUB_CMDLINE_LINUX_DEFAULT="a&b /c intel_iommu=on iommu=pt"'],
    ['GRUB_CMDLINE_LINUX_DEFAULT="xiommu=pt"', 'GRUB_CMDLINE_LINUX_DEFAULT="xiommu=pt intel_iommu=on iommu=pt"'],
  ])("%s keeps what it has", (before, after) => {
    line(before);
    host.run("apply", ...card);
    expect(commandLine()).toBe(after);
  });

  test("what was there before stays after undo", () => {
    line('GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt quiet"');
    host.run("apply", ...card);
    expect(commandLine()).toBe('GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt quiet intel_iommu=on"');
    host.run("undo");
    expect(commandLine()).toBe('GRUB_CMDLINE_LINUX_DEFAULT="iommu=pt quiet"');
  });

  test("what people added since stays after undo", () => {
    prepare();
    host.write("/etc/default/grub", host.read("/etc/default/grub").replace("iommu=pt", "iommu=pt mitigations=off"));
    host.run("undo");
    expect(commandLine()).toBe('GRUB_CMDLINE_LINUX_DEFAULT="quiet mitigations=off"');
  });

  test("a variable that was not set is set, and gone after undo", () => {
    line("# nothing here");
    const before = host.etc();
    host.run("apply", ...card);
    expect(host.read("/etc/default/grub").endsWith('\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on iommu=pt"\n')).toBe(
      true,
    );
    host.run("undo");
    expect(host.etc()).toEqual(before);
  });

  test.each([
    [
      'GRUB_CMDLINE_LINUX_DEFAULT="quiet $(extra)',
      '/etc/default/grub has a line that can\'t be changed safely, GRUB_CMDLINE_LINUX_DEFAULT="quiet $(extra): write it as GRUB_CMDLINE_LINUX_DEFAULT="..."',
    ],
    [
      'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX_DEFAULT="debug"',
      "/etc/default/grub sets GRUB_CMDLINE_LINUX_DEFAULT more than once: leave one line",
    ],
    [
      'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=off"',
      "/etc/default/grub says intel_iommu=off, which the cards can't be passed through with: remove it",
    ],
  ])("%s is left to people", (before, message) => {
    line(before);
    const files = host.everything();
    expect(host.run("apply", ...card)).toEqual({ status: 2, stdout: "", stderr: `passthrough: ${message}\n` });
    expect(host.everything()).toEqual(files);
  });

  test("a snippet that would drop the arguments is found", () => {
    on(newest).write("/etc/default/grub.d/50-console.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n');
    host.write("/etc/default/grub.d/60-more.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT debug"\n');
    expect(host.run("apply", ...card).stderr).toBe(
      "passthrough: /etc/default/grub.d/50-console.cfg sets GRUB_CMDLINE_LINUX_DEFAULT again, and so drops what /etc/default/grub says: move its arguments there\n",
    );
    host.write("/etc/default/grub.d/50-console.cfg", "GRUB_TIMEOUT=1\n");
    expect(host.run("apply", ...card).status).toBe(5);
  });

  test("a host that boots by something else than declared shows after the reboot", () => {
    on(newest).run("apply", ...card);
    host.reboot();
    host.write("/proc/cmdline", "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n");
    expect(host.run("apply", ...card)).toEqual({
      status: 5,
      stdout: "",
      stderr:
        "passthrough: the files are in place, but the host does not run with them yet (the kernel runs without intel_iommu=on iommu=pt): reboot it, then run this again\n",
    });
  });
});

test("a run that was killed before the boot loader had the files is finished by the next", () => {
  on(newest).run("apply", ...card);
  host.write("/var/lib/estate/passthrough-unfinished", "/etc/default/grub\n");
  host.reboot();
  expect(host.run("check", ...card).status).toBe(3);
  expect(host.run("apply", ...card).stdout).toBe(`would run: update-grub\n${prepared}`);
  expect(host.run("apply", ...card).stdout).toBe(prepared);
});

test.each([
  [["apply", "--cpu", "arm", "--boot", "grub", ...card], "--cpu must be intel or amd, not 'arm'"],
  [["apply", "--cpu", "amd", "--boot", "lilo", ...card], "--boot must be grub or systemd-boot, not 'lilo'"],
  [["frobnicate"], "first word must be check, apply or undo, not 'frobnicate'"],
  [["apply", "--cpu", "amd", "--boot", "grub", "--slots", "0000:01:00"], "--ids is empty: which cards?"],
  [["apply", "--cpu", "amd", "--boot", "grub", "--ids", "10de:2684"], "--slots is empty: where are the cards?"],
  [["apply", "--cpu"], "--cpu has no value"],
  [["apply", "--force"], "unknown option --force"],
  [
    ["apply", "--cpu", "intel", "--boot", "systemd-boot", ...card],
    "/etc/kernel/cmdline is missing: is the boot loader really systemd-boot?",
  ],
])("refuses %j", (words, message) => {
  expect(on(newest).bash(words)).toEqual({ status: 2, stdout: "", stderr: `passthrough: ${message}\n` });
});

test("on the host itself its commands are run, and none of them can eat the rest of the script", () => {
  // Stand-ins on PATH; the paths are the scratch root's, because the script is told that this is /.
  on(newest);
  const log = join(host.root, "log");
  for (const name of ["update-grub", "update-initramfs"]) {
    host.write(`/stub/${name}`, `#!/bin/sh\ncat >/dev/null\necho ${name} "$@" >>${log}\n`);
    chmodSync(join(host.root, "stub", name), 0o755);
  }
  const text = readFileSync(passthroughScript, "utf8")
    .replaceAll("$root", host.root)
    .replaceAll(`[ -n "${host.root}" ]`, "false");
  const path = `${join(host.root, "stub")}:${process.env["PATH"] ?? ""}`;
  const words = ["-s", "--", "apply", "--cpu", "intel", "--boot", "grub", ...card];
  expect(() => execFileSync("bash", words, { input: text, env: { PATH: path }, stdio: "pipe" })).toThrow(
    "the files are in place",
  );
  expect(readFileSync(log, "utf8")).toBe("update-grub\nupdate-initramfs -u -k all\n");
});
