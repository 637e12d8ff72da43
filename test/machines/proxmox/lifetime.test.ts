import { createServer } from "node:net";
import { type Proxmox, type ProxmoxOptions, type VmEvent } from "../../../lab/proxmox";
import { cluster, mapping, Place } from "./support";

// What the lab around the emulator relies on: what it is told of a VM, and that a restart leaves everything where it was.
let place: Place;
const told: [what: string, vm: VmEvent][] = [];
const hooks: Partial<ProxmoxOptions> = {
  onStart: (vm) => void told.push(["start", vm]),
  onStop: (vm) => void told.push(["stop", vm]),
  onDestroy: (vm) => void told.push(["destroy", vm]),
};
const start = (more: Partial<ProxmoxOptions> = {}): Promise<Proxmox> => place.start(undefined, { ...hooks, ...more });

beforeEach(() => {
  place = new Place();
  told.length = 0;
});
afterEach(() => place.remove());

const power = (vmid: string, what: string) => place.task("POST", `/nodes/pve1/qemu/${vmid}/status/${what}`);
const create = (fields: Record<string, string>) => place.task("POST", "/nodes/pve1/qemu", fields);
const download = (content: string, filename: string, url: string) =>
  place.task("POST", "/nodes/pve1/storage/local/download-url", { content, filename, url });

test("the lab is told what a VM boots from, what it has, and which cards", async () => {
  await start();
  await download("iso", "talos.iso", "https://factory.talos.dev/image/talos.iso");
  await place.ask("POST", "/cluster/mapping/pci", mapping);
  const talos = {
    ...{ vmid: "111", name: "gpu1", machine: "q35", cores: "4", sockets: "2", memory: "8192", onboot: "1" },
    ...{ scsi0: "local-lvm:32", ide0: "local:iso/talos.iso,media=cdrom", boot: "order=scsi0;ide0" },
    ...{ ipconfig0: "ip=192.168.10.111/24,gw=192.168.10.1", hostpci0: "mapping=pve1-card,pcie=1" },
  };
  expect([await create({ ...talos, start: "1" })]).toEqual(["OK"]);
  expect(told).toEqual([
    [
      "start",
      {
        ...{ vmid: 111, node: "pve1", name: "gpu1", address: "192.168.10.111", userData: undefined },
        image: "https://factory.talos.dev/image/talos.iso",
        ...{ cores: 8, memory: 8 * 1024 ** 3, onBoot: true },
        passthrough: [{ mapping: "pve1-card", id: "10de:2684" }],
      },
    ],
  ]);
});

test("a disk that was made from an image knows it; a VM with neither boots from nothing known", async () => {
  await start();
  await download("import", "debian-12.qcow2", "https://cloud.debian.org/debian-12.qcow2");
  const scsi0 = "local-lvm:0,import-from=local:import/debian-12.qcow2";
  await create({ vmid: "100", scsi0, boot: "order=scsi0" });
  await create({ vmid: "101", scsi0: "local-lvm:8", boot: "order=scsi0" });
  for (const vmid of ["100", "101"]) await power(vmid, "start");
  expect(told.map(([, { image }]) => image)).toEqual(["https://cloud.debian.org/debian-12.qcow2", ""]);
});

test("two nodes may have an image of one name, each its own", async () => {
  await start();
  const url = "https://cloud.debian.org/debian-12.qcow2";
  for (const node of ["pve1", "pve2"]) {
    const fields = { content: "import", filename: "debian-12.qcow2", url };
    expect(await place.task("POST", `/nodes/${node}/storage/local/download-url`, fields)).toBe("OK");
  }
  await place.task("DELETE", "/nodes/pve1/storage/local/content/local:import%2Fdebian-12.qcow2");
  const listed = async (node: string) => (await place.ask("GET", `/nodes/${node}/storage/local/content`)).data;
  expect([await listed("pve1"), await listed("pve2")]).toMatchObject([[], [{ volid: "local:import/debian-12.qcow2" }]]);
});

test("a reboot is a stop and a start; what the lab can't start stays off, and the task says why", async () => {
  let fails = false;
  await start({
    onStart: (vm) => {
      if (fails) throw new Error("no machine for it");
      told.push(["start", vm]);
    },
  });
  await create({ vmid: "100" });
  await power("100", "start");
  await power("100", "reboot");
  expect(told.map(([what]) => what)).toEqual(["start", "stop", "start"]);
  fails = true;
  expect([await power("100", "reboot"), place.proxmox.running()]).toEqual(["no machine for it", []]);
});

test("the guest agent of a VM that is on answers at once, with the address that the VM is given", async () => {
  await start();
  await create({ vmid: "100", agent: "enabled=1", net0: "virtio,bridge=vmbr0", ipconfig0: "ip=192.168.10.100/24" });
  const asked = "/nodes/pve1/qemu/100/agent/network-get-interfaces";
  expect((await place.ask("GET", asked)).reason).toBe("VM 100 is not running");
  await power("100", "start");
  expect(JSON.stringify((await place.ask("GET", asked)).data)).toContain('"ip-address":"192.168.10.100"');
});

test("a restart keeps the ports and the VMs that are on; a task it cut off has failed", async () => {
  const before = await start();
  await create({ vmid: "100", name: "on", start: "1" });
  await create({ vmid: "101", name: "off" });
  before.edit(({ tasks }) => {
    tasks["UPID:pve1:cut"] = { node: "pve1", status: "running", log: [] };
  });
  const port = Number(new URL(before.endpoint).port);
  const sshPorts = Object.fromEntries(Object.entries(before.ssh).map(([node, at]) => [node, at.port]));
  await before.close();
  const after = await start({ port, sshPorts });
  expect([after.endpoint, after.ssh]).toEqual([before.endpoint, before.ssh]);
  expect(after.running().map(({ vmid, name }) => [vmid, name])).toEqual([[100, "on"]]);
  expect(after.read().tasks["UPID:pve1:cut"]).toMatchObject({ status: "stopped", exitstatus: "unexpected status" });
  expect(told.map(([what]) => what)).toEqual(["start"]);
});

test("a restart adds the hosts and cards that came since, and leaves what was changed by hand", async () => {
  await start();
  place.proxmox.edit(({ nodes }) => Object.assign(nodes["pve1"]?.devices["0000:01:00.0"] ?? {}, { id: "10de:2204" }));
  await place.proxmox.close();
  const card = { "0000:02:00.0": { id: "10de:2504", iommugroup: 15 } };
  const pve1 = { ...(cluster.nodes["pve1"] ?? { address: "", bridges: [] }), devices: card };
  await start({
    cluster: { ...cluster, nodes: { pve1, pve3: { address: "192.168.10.13", bridges: [], devices: {} } } },
  });
  const { nodes } = place.proxmox.read();
  expect(Object.keys(nodes)).toEqual(["pve1", "pve2", "pve3"]);
  expect(
    Object.entries(nodes["pve1"]?.devices ?? {})
      .map(([address, { id }]) => [address, id])
      .sort(),
  ).toEqual([
    ["0000:01:00.0", "10de:2204"],
    ["0000:01:00.1", "10de:22ba"],
    ["0000:02:00.0", "10de:2504"],
  ]);
});

test("a port that is taken is said at once", async () => {
  const other = createServer();
  const taken = await new Promise<number>((resolve) => {
    other.listen(0, "127.0.0.1", () => {
      const address = other.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  await expect(start({ sshPorts: { pve1: taken } })).rejects.toThrow("EADDRINUSE");
  other.close();
});
