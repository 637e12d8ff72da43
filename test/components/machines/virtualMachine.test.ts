import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { imageSource } from "../../../components/machines/images";
import { VirtualMachine } from "../../../components/machines/virtualMachine/virtualMachine";
import { planVirtualMachine } from "../../../components/machines/virtualMachine/virtualMachine.plan";
import { loadStack } from "../../../stacks";
import { entry, type Vm, vmsOf } from "../../../stacks/estate";
import { record, valueOf } from "../../support/record";

// Mocks cannot show that Proxmox accepts the inputs: test/machines/proxmox runs them against the emulator.
const prod = loadStack("prod");
const lan = entry(prod.networks, "lan");
const { storage } = entry(prod.hosts, "pve1");
const vms: ReadonlyMap<string, Vm> = new Map(vmsOf(prod));
const docker = vms.get("docker") ?? fail();
const image = { fileId: "local:import/image.qcow2", contentType: "import" } as const;

function fail(): never {
  throw new Error("prod declares the VMs that these tests use");
}
const only = (fields: Partial<Vm>): Vm => ({ ...docker, ...fields });

describe("planning a VM", () => {
  test("counts memory in MiB, carries the network's prefix, sorts and completes the tags", () => {
    expect(planVirtualMachine(only({ tags: ["zoo", "core"] }), lan, "import")).toMatchObject({
      memory: 32768,
      disk: 200,
      cidr: "192.168.10.100/24",
      tags: ["core", "docker-host", "estate", "zoo"],
      guestAgent: true,
    });
  });

  test.each([
    ["docker-host", ["icmp", "udp 41641", "tcp 22"]],
    ["workstation", ["icmp", "udp 41641", "tcp 22"]],
    ["headscale-hub", ["icmp", "udp 41641", "tcp 443", "udp 3478", "tcp 22"]],
    ["talos-worker", ["icmp", "udp 41641", "tcp", "udp"]],
  ] as const)("%s lets in what its role needs", (role, expected) => {
    const rules = planVirtualMachine(only({ role }), lan, "import").firewall ?? [];
    expect(rules.map(({ proto, dport }) => (dport === undefined ? proto : `${proto} ${dport}`))).toEqual(expected);
  });

  test("nodes of a cluster are not rebooted for a change: it would be all of them at once", () => {
    const reboots = (role: Vm["role"]): boolean => planVirtualMachine(only({ role }), lan, "import").rebootAfterUpdate;
    expect([reboots("talos-control-plane"), reboots("talos-worker"), reboots("docker-host")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("what costs a VM its life, or always differs, is not compared", () => {
    expect(planVirtualMachine(docker, lan, "import").ignoreChanges).toEqual([
      "initialization.userDataFileId",
      "disks[0].importFrom",
      "disks[0].speed",
    ]);
    expect(planVirtualMachine(docker, lan, "iso").ignoreChanges).toEqual([
      "initialization.userDataFileId",
      "disks[0].speed",
    ]);
  });

  test("the gateway is its own firewall", () => {
    expect(planVirtualMachine(only({ role: "gateway" }), lan, "import").firewall).toBeUndefined();
  });

  test("no role opens administration or cluster ports to other networks", () => {
    const roles = fc.constantFrom<Vm["role"]>(
      "docker-host",
      "workstation",
      "headscale-hub",
      "talos-control-plane",
      "talos-worker",
    );
    const open = new Set(["443", "3478", "41641"]);
    fc.assert(
      fc.property(roles, (role) => {
        const rules = planVirtualMachine(only({ role }), lan, "import").firewall ?? [];
        return rules.every(({ dport, source }) => source === lan.cidr || (dport !== undefined && open.has(dport)));
      }),
    );
  });

  test("a Talos VM in no cluster has no image", () => {
    expect(() => imageSource("talos", undefined)).toThrow(
      'a VM with image "talos" is in no cluster: its Talos version is unknown',
    );
    expect(imageSource("talos", { talos: "1.12.0" }).url).toMatch(/\/v1\.12\.0\/nocloud-amd64\.iso$/);
  });
});

describe.each([false, true])("VirtualMachine (preview: %s)", (preview) => {
  const withGpu = (): VirtualMachine =>
    new VirtualMachine(
      "docker",
      {
        vm: docker,
        network: lan,
        storage,
        image,
        gpuMapping: pulumi.output("pve1-rtx4090"),
        userData: pulumi.secret("#cloud-config"),
      },
      { protect: true },
    );

  test("creates the snippet, the VM and its firewall", async () => {
    const { registrations } = await record(withGpu, { preview });
    expect(registrations.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
      "estate:machines:VirtualMachine docker",
      "proxmoxve:firewall/optionsLegacy:OptionsLegacy docker-firewall",
      "proxmoxve:firewall/rulesLegacy:RulesLegacy docker-firewall-rules",
      "proxmoxve:index/fileLegacy:FileLegacy docker-user-data",
      "proxmoxve:index/vmLegacy:VmLegacy docker-vm",
    ]);
  });

  test("the card is passed through by mapping, with PCIe and ROM bar, on q35 with OVMF", async () => {
    const { one } = await record(withGpu, { preview });
    expect(one("proxmoxve:index/vmLegacy:VmLegacy").inputs).toMatchObject({
      machine: "q35",
      bios: "ovmf",
      hostpcis: [{ device: "hostpci0", mapping: "pve1-rtx4090", pcie: true, rombar: true }],
      memory: { dedicated: 32768, floating: 0 },
      protection: true,
      tags: ["core", "docker-host", "estate"],
    });
  });

  // The id of the snippet would do as well, but for what the engine does with it: test/engine/userData.test.ts.
  test("the VM reads its user data from the snippet's place, and no property of the snippet", async () => {
    const { one } = await record(withGpu, { preview });
    expect(one("proxmoxve:index/vmLegacy:VmLegacy").inputs["initialization"]).toMatchObject({
      userDataFileId: "local:snippets/docker-user-data.yaml",
    });
    expect(one("proxmoxve:index/fileLegacy:FileLegacy").inputs).toMatchObject({
      datastoreId: "local",
      contentType: "snippets",
      sourceRaw: { fileName: "docker-user-data.yaml" },
    });
  });

  test("user data stays secret, also in the component's own record", async () => {
    const { one } = await record(withGpu, { preview });
    expect(one("proxmoxve:index/fileLegacy:FileLegacy").secrets).toEqual(["sourceRaw"]);
    expect(Object.keys(one("estate:machines:VirtualMachine").inputs)).not.toContain("userData");
  });

  test("without card, user data and protection there is none of them", async () => {
    const { one, registrations } = await record(
      () => new VirtualMachine("plain", { vm: docker, network: lan, storage, image }),
      { preview },
    );
    const { inputs } = one("proxmoxve:index/vmLegacy:VmLegacy");
    expect(inputs).not.toHaveProperty("hostpcis");
    expect(inputs).toMatchObject({ protection: false, initialization: { datastoreId: "local-lvm" } });
    expect(registrations.some(({ type }) => type.includes("fileLegacy"))).toBe(false);
  });

  // Without a drive of its own it would be given the host's, for which the API token would need Sys.Console.
  test("a VM that boots from a disk has an empty drive", async () => {
    const { one } = await record(withGpu, { preview });
    expect(one("proxmoxve:index/vmLegacy:VmLegacy").inputs).toMatchObject({
      cdrom: { interface: "ide0", fileId: "none" },
      bootOrders: ["scsi0"],
    });
  });

  test("an installer is booted from a drive that is not the cloud-init drive's", async () => {
    const { one } = await record(
      () =>
        new VirtualMachine("iso", {
          vm: docker,
          network: lan,
          storage,
          image: { ...image, contentType: "iso" },
        }),
      { preview },
    );
    expect(one("proxmoxve:index/vmLegacy:VmLegacy").inputs).toMatchObject({
      cdrom: { interface: "ide0", fileId: image.fileId },
      bootOrders: ["scsi0", "ide0"],
    });
  });
});

test("the address is the planned one", async () => {
  const { result } = await record(() => new VirtualMachine("docker", { vm: docker, network: lan, storage, image }));
  expect(await valueOf(result.address)).toBe("192.168.10.100");
});
