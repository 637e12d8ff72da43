import type { PropertyMap } from "../../../lab/simulator/values";
import { getObject, objectsOf } from "../../../lab/world";
import { Conversation, urnOf } from "./conversation";

const vmType = "proxmoxve:index/vmLegacy:VmLegacy";
const pciType = "proxmoxve:hardware/mapping/pci:Pci";
const gpu = { name: "gpu", maps: [{ node: "pve1", id: "10de:2684", path: "0000:01:00" }] };
const vm = (vmId: number, more: PropertyMap = {}): PropertyMap => ({
  nodeName: "pve1",
  vmId,
  hostpcis: [{ device: "hostpci0", mapping: "gpu" }],
  ...more,
});

let engine: Conversation;

beforeEach(async () => {
  engine = new Conversation("proxmoxve");
  await engine.start();
});

afterEach(() => {
  engine.stop();
});

const create = (type: string, name: string, inputs: PropertyMap) => engine.create(urnOf(type, name), inputs);

test("a VM with an agent reports its addresses, one without reports none", async () => {
  const network = {
    networkDevices: [{ bridge: "vmbr0" }],
    initialization: { ipConfigs: [{ ipv4: { address: "192.168.10.7/24" } }] },
  };
  const { state } = await create(vmType, "a", { nodeName: "pve1", vmId: 1, agent: { enabled: true }, ...network });
  expect(state).toMatchObject({
    ipv4Addresses: [["127.0.0.1"], ["192.168.10.7"]],
    networkInterfaceNames: ["lo", "eth0"],
  });
  expect(state["macAddresses"]).toEqual(["00:00:00:00:00:00", expect.stringMatching(/^BC:24:11(:[0-9A-F]{2}){3}$/)]);
  const silent = await create(vmType, "b", { nodeName: "pve1", vmId: 2, ...network });
  expect(silent.state).toMatchObject({ ipv4Addresses: [], networkInterfaceNames: [] });
});

test("a VM without an id gets the next free one", async () => {
  await create(vmType, "a", { nodeName: "pve1", vmId: 100 });
  expect((await create(vmType, "b", { nodeName: "pve1" })).state).toMatchObject({ vmId: 101 });
});

test("a device that is no device id is refused at check", async () => {
  const wrong = { name: "gpu", maps: [{ node: "pve1", id: "10de:1", path: "0000:01:00" }] };
  expect((await engine.check(urnOf(pciType, "gpu"), wrong)).failures).toEqual([
    { property: "maps[0].id", reason: 'must be a valid hardware mapping device ID, got "10de:1"' },
  ]);
});

test("a VM needs the mapping, on its host", async () => {
  const missing = new Error("PCI device mapping not found for 'gpu' on node 'pve1'");
  await expect(create(vmType, "a", vm(1))).rejects.toThrow(missing);
  await create(pciType, "gpu", { ...gpu, maps: [{ node: "pve2", id: "10de:2684", path: "0000:01:00" }] });
  await expect(create(vmType, "a", vm(1))).rejects.toThrow(missing);
});

test("one running VM has the card; the mapping says which VMs name it", async () => {
  await create(pciType, "gpu", gpu);
  const first = await create(vmType, "a", vm(1));
  await expect(create(vmType, "b", vm(2))).rejects.toThrow(
    new Error("PCI device '0000:01:00' already in use by VMID '1'"),
  );
  await create(vmType, "c", vm(3, { started: false }));
  const users = () => getObject(engine.world.read(), pciType, "gpu")?.["$vms"];
  expect(users()).toEqual(["1", "3"]);
  await engine.update(urnOf(vmType, "a"), "1", first.state, vm(1, { started: false }));
  await create(vmType, "b", vm(2));
  for (const [name, id] of [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ] as const)
    await engine.delete(urnOf(vmType, name), String(id), vm(id));
  expect(users()).toBeUndefined();
});

test("a VM's firewall needs the VM", async () => {
  const inputs = { nodeName: "pve1", vmId: 9, enabled: true };
  const type = "proxmoxve:firewall/optionsLegacy:OptionsLegacy";
  await expect(create(type, "f", inputs)).rejects.toThrow(
    new Error(
      "received an HTTP 500 response - Reason: Configuration file 'nodes/pve1/qemu-server/9.conf' does not exist",
    ),
  );
  await create(vmType, "a", { nodeName: "pve1", vmId: 9 });
  expect((await create(type, "f", inputs)).id).toBe("vm/pve1/9");
});

test("two hosts have a file of the same name each", async () => {
  const type = "proxmoxve:download/file:File";
  const file = (nodeName: string) => ({
    nodeName,
    datastoreId: "local",
    contentType: "iso",
    url: "https://x.example/a.iso",
  });
  await create(type, "a", file("pve1"));
  await create(type, "b", file("pve2"));
  expect(Object.keys(objectsOf(engine.world.read(), type))).toEqual(["pve1/local:iso/a.iso", "pve2/local:iso/a.iso"]);
});
