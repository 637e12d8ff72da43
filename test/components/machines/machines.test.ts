import { imageSource } from "../../../components/machines/images";
import { ProxmoxHost } from "../../../components/machines/proxmoxHost/proxmoxHost";
import { planMappings, planPassthrough, readCard } from "../../../components/machines/proxmoxHost/proxmoxHost.plan";
import { loadStack } from "../../../stacks";
import { entry } from "../../../stacks/estate";
import { record } from "../../support/record";

// Mocks cannot show that Proxmox accepts the inputs: test/machines/proxmox runs them against the emulator.
const host = entry(loadStack("prod").hosts, "pve1");
const key = "-----BEGIN OPENSSH PRIVATE KEY----- not a key";

describe("planning a host", () => {
  test("passes all functions of all cards through together, in a stable order", () => {
    const command =
      "bash -s -- apply --cpu intel --boot grub --ids 10de:1aef,10de:2204,10de:22ba,10de:2684 --slots 0000:01:00,0000:02:00";
    expect(planPassthrough(host)?.command).toBe(command);
    const reversed = Object.fromEntries(Object.entries(host.gpus).reverse());
    expect(planPassthrough({ ...host, gpus: reversed })?.command).toBe(command);
  });

  test("a host without cards is left alone", () => {
    expect(planPassthrough({ ...host, gpus: {} })).toBeUndefined();
    expect(planMappings("pve1", { ...host, gpus: {} })).toEqual([]);
  });

  test("mappings name the host, the card and the slot without a function", () => {
    expect(planMappings("pve1", host)).toEqual([
      {
        key: "rtx3090",
        mappingName: "pve1-rtx3090",
        id: "10de:2204",
        path: "0000:02:00",
        node: "pve1",
        comment: "rtx3090 of pve1, 24 GiB VRAM, managed by the estate",
      },
      {
        key: "rtx4090",
        mappingName: "pve1-rtx4090",
        id: "10de:2684",
        path: "0000:01:00",
        node: "pve1",
        comment: "rtx4090 of pve1, 24 GiB VRAM, managed by the estate",
      },
    ]);
  });

  test("the host's word on a card is read by its slot, and nothing where it has none", () => {
    const printed = [
      "passthrough: prepared, nothing to change",
      "passthrough: card 0000:01:00 iommugroup=14 subsystem=1043:889a",
      "passthrough: card 0000:02:00 iommugroup=0",
      "",
    ].join("\n");
    expect(readCard(printed, "0000:01:00")).toEqual({ iommuGroup: 14, subsystemId: "1043:889a" });
    expect(readCard(printed, "0000:02:00")).toEqual({ iommuGroup: 0 });
    expect([readCard(printed, "0000:03:00"), readCard("simulated", "0000:01:00"), readCard(undefined, "x")]).toEqual([
      {},
      {},
      {},
    ]);
  });

  test("what is known of a card's subsystem and IOMMU group goes into its mapping", () => {
    const gpu = { ...entry(host.gpus, "rtx4090"), subsystem: "1043:889a", iommuGroup: 13 };
    expect(planMappings("pve1", { ...host, gpus: { gpu } })).toMatchObject([
      { subsystemId: "1043:889a", iommuGroup: 13 },
    ]);
  });
});

describe.each([false, true])("ProxmoxHost (preview: %s)", (preview) => {
  const program = (): ProxmoxHost =>
    new ProxmoxHost("pve1", {
      host,
      images: [imageSource("debian-12", undefined), imageSource("opnsense", undefined)],
      sshPrivateKey: key,
    });

  test("creates exactly the preparation, a mapping per card and a download per image", async () => {
    const { registrations } = await record(program, { preview });
    expect(registrations.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
      "command:remote:Command pve1-passthrough",
      "estate:machines:ProxmoxHost pve1",
      "proxmoxve:download/file:File pve1-debian-12-20260923",
      "proxmoxve:download/file:File pve1-opnsense-26-7",
      "proxmoxve:hardware/mapping/pci:Pci pve1-rtx3090",
      "proxmoxve:hardware/mapping/pci:Pci pve1-rtx4090",
    ]);
  });

  test("a mapping says what the host found of its card, unless the spec does", async () => {
    const outputs = () => ({ stdout: "passthrough: card 0000:01:00 iommugroup=14 subsystem=1043:889a" });
    const mappings = async (gpus: typeof host.gpus): Promise<unknown> => {
      const declared = () => new ProxmoxHost("pve1", { host: { ...host, gpus }, images: [], sshPrivateKey: key });
      const { one } = await record(declared, { outputs });
      return one("proxmoxve:hardware/mapping/pci:Pci").inputs["maps"];
    };
    const rtx4090 = entry(host.gpus, "rtx4090");
    expect(await mappings({ rtx4090 })).toMatchObject([{ iommuGroup: 14, subsystemId: "1043:889a" }]);
    expect(await mappings({ rtx4090: { ...rtx4090, iommuGroup: 9 } })).toMatchObject([
      { iommuGroup: 9, subsystemId: "1043:889a" },
    ]);
  });

  test("the key is secret, and in no other input", async () => {
    const { one, registrations } = await record(program, { preview });
    expect(one("command:remote:Command").secrets).toContain("connection");
    const others = registrations.map(({ type, inputs }) =>
      type === "command:remote:Command" ? { ...inputs, connection: {} } : inputs,
    );
    expect(JSON.stringify(others)).not.toContain(key);
  });
});
