import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { card, type Device, installed, prepared, ScratchHost, usualDevices } from "../../support/scratchHost";

// Runs the real script on a scratch root whose sysfs is made up; what a real kernel groups is not part of it.
let host: ScratchHost;
const [old, , , , newest] = installed;
if (old === undefined || newest === undefined) throw new Error("no hosts to test on");

function on(what: (typeof installed)[number]): ScratchHost {
  host = new ScratchHost(what);
  return host;
}
afterEach(() => {
  host.remove();
});

describe("what would leave the host with the card", () => {
  const plugged = (more: Record<string, Device>): void => {
    on(newest).plug({ ...usualDevices, ...more });
  };
  /** Refused with this message, before anything is changed. */
  function refused(message: string, options = card): void {
    const before = host.everything();
    for (const mode of ["check", "apply"]) {
      expect(host.run(mode, ...options)).toEqual({ status: 4, stdout: "", stderr: `passthrough: ${message}\n` });
    }
    expect(host.everything()).toEqual(before);
  }

  test("its own functions, PCI bridges and a host bridge without a driver may be in its group", () => {
    plugged({ "0000:00:01.1": { id: "1022:1632", pciClass: "0x060000", group: 1 } });
    expect(host.run("check", ...card).status).toBe(3);
  });

  test("everything else in its group is listed and refused", () => {
    plugged({
      "0000:02:00.0": { id: "144d:a80a", pciClass: "0x010802", group: 1, driver: "nvme" },
      "0000:03:00.0": { id: "8086:15f3", pciClass: "0x020000", group: 1 },
    });
    refused(
      "0000:01:00 shares its IOMMU group with 0000:02:00.0 (144d:a80a, class 0x010802), 0000:03:00.0 (8086:15f3, class 0x020000): passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)",
    );
  });

  test("a host bridge that a driver has is refused", () => {
    plugged({ "0000:00:00.0": { id: "8086:4c43", pciClass: "0x060000", group: 1, driver: "skx_uncore" } });
    refused(
      "0000:01:00 shares its IOMMU group with 0000:00:00.0 (8086:4c43, class 0x060000): passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)",
    );
  });

  test("two declared cards in one group are refused as well: one VM would get both", () => {
    plugged({ "0000:04:00.0": { id: "10de:2204", pciClass: "0x030000", group: 1 } });
    refused(
      "0000:01:00 shares its IOMMU group with 0000:04:00.0 (10de:2204, class 0x030000): passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)",
      ["--ids", "10de:22ba,10de:2684,10de:2204", "--slots", "0000:01:00,0000:04:00"],
    );
  });

  test("a second card of the same kind, which the host is to keep, is refused", () => {
    plugged({ "0000:04:00.0": { id: "10de:2684", pciClass: "0x030000", group: 4 } });
    refused(
      "0000:04:00.0 is a 10de:2684 like a declared card, but is not declared: it would be taken from the host as well. Declare it, or take it out",
    );
  });

  test("an empty slot, and another card in the slot, are refused", () => {
    plugged({});
    refused("there is no PCI device at 0000:09:00: 'lspci -D' prints the addresses; they move when a card is added", [
      "--ids",
      "10de:2684",
      "--slots",
      "0000:09:00",
    ]);
    refused("at 0000:01:00 is a 10de:2684, which is not among the declared ids 10de:2204", [
      "--ids",
      "10de:2204",
      "--slots",
      "0000:01:00",
    ]);
  });

  test("a function that is not declared is named", () => {
    plugged({ "0000:01:00.2": { id: "10de:1ad6", pciClass: "0x0c0330", group: 1 } });
    expect(host.run("check", ...card).stdout).toContain(
      "0000:01:00.2: 10de:1ad6 goes along with the card; declare it as a companion\n",
    );
  });

  test("without groups nothing is passed through: the firmware has the IOMMU off", () => {
    on(newest).run("apply", ...card);
    host.reboot({ iommu: false });
    refused(
      "0000:01:00 has no IOMMU group, though the host runs with intel_iommu=on iommu=pt: switch VT-d or AMD-Vi (IOMMU) on in its firmware",
    );
  });

  test("what shows only after the reboot, because the IOMMU was off, is refused then", () => {
    on(old).plug({
      ...usualDevices,
      "0000:02:00.0": { id: "144d:a80a", pciClass: "0x010802", group: 1, driver: "nvme" },
    });
    expect(host.run("apply", ...card).status).toBe(5);
    host.reboot();
    refused(
      "0000:01:00 shares its IOMMU group with 0000:02:00.0 (144d:a80a, class 0x010802): passing it through would take that from the host. Put the card in another slot, or separate the group (ACS)",
    );
  });
});

describe("the reboot", () => {
  const restart =
    "would run: systemctl stop ssh.socket ssh.service\nwould run: systemd-run --quiet --on-active=3 systemctl reboot\n";

  test("happens on request only, once for each change", () => {
    on(newest);
    expect(host.run("apply", ...card).stdout).not.toContain("systemctl");
    const { status, stdout } = host.run("apply", ...card, "--reboot");
    expect({ status, stdout }).toEqual({ status: 0, stdout: `passthrough: rebooting\n${restart}` });
    host.reboot();
    expect(host.run("apply", ...card, "--reboot").stdout).toBe(prepared);
  });

  test("does not happen again for what a reboot did not mend", () => {
    on(newest).run("apply", ...card, "--reboot");
    host.reboot();
    host.write("/proc/cmdline", "quiet\n");
    const { status, stdout } = host.run("apply", ...card, "--reboot");
    expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
  });

  test("is not check's to make", () => {
    on(newest).run("apply", ...card);
    const { status, stdout } = host.run("check", ...card, "--reboot");
    expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
  });
});

test("for cards of AMD it is AMD's drivers that wait, and NVIDIA's are left alone", () => {
  on(newest).run("apply", ...card);
  host.plug({ "0000:01:00.0": { id: "1002:744c", pciClass: "0x030000", group: 1, driver: "amdgpu" } });
  host.run("apply", "--ids", "1002:744c", "--slots", "0000:01:00");
  expect(host.read("/etc/modprobe.d/estate-vfio.conf")).toBe(`options vfio-pci ids=1002:744c disable_vga=1
softdep amdgpu pre: vfio-pci
softdep radeon pre: vfio-pci
softdep snd_hda_intel pre: vfio-pci
`);
  expect(existsSync(join(host.root, "etc/modprobe.d/estate-blacklist.conf"))).toBe(false);
});

test("check takes nothing away either", () => {
  on(newest).run("apply", ...card);
  host.plug({ "0000:01:00.0": { id: "1002:744c", pciClass: "0x030000", group: 1 } });
  const before = host.everything();
  expect(host.run("check", "--ids", "1002:744c", "--slots", "0000:01:00").stdout).toContain(
    "/etc/modprobe.d/estate-blacklist.conf: is removed\n",
  );
  expect(host.everything()).toEqual(before);
});

test("files keep their mode, and the record of what was added goes with it", () => {
  on(newest);
  const grub = join(host.root, "etc/default/grub");
  chmodSync(grub, 0o640);
  host.run("apply", ...card);
  expect(statSync(grub).mode & 0o777).toBe(0o640);
  host.run("undo");
  expect(existsSync(join(host.root, "var/lib/estate/passthrough-added"))).toBe(false);
});
