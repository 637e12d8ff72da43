import type { State } from "../../../lab/proxmox";
import { Made } from "./made";

// What somebody changed at the hosts, behind the estate's back, as the real provider's plugin sees it.
jest.setTimeout(900_000);

const made = new Made("dev");
beforeAll(async () => {
  await made.start();
  await made.create();
});
afterAll(() => made.remove());

const configOf = ({ vms }: State, vmid: string): Record<string, string> => vms[vmid]?.config ?? {};

test.each<[what: string, name: string, changed: string[], edit: (state: State) => unknown]>([
  ["a VM's cores", "docker-vm", ["cpu.cores"], (state) => Object.assign(configOf(state, "100"), { cores: "1" })],
  [
    "a VM that is off",
    "docker-vm",
    ["ipv4Addresses", "ipv6Addresses", "networkInterfaceNames", "started"],
    ({ vms }) => Object.assign(vms["100"] ?? {}, { status: "stopped" }),
  ],
  [
    "a VM's protection",
    "docker-vm",
    ["protection"],
    (state) => Object.assign(configOf(state, "100"), { protection: "0" }),
  ],
  [
    "a card taken away",
    "node1-vm",
    ["hostpcis"],
    (state) => Reflect.deleteProperty(configOf(state, "111"), "hostpci0"),
  ],
  [
    "an installer taken out",
    "node1-vm",
    ["cdrom.fileId"],
    (state) => Object.assign(configOf(state, "111"), { ide0: "none,media=cdrom" }),
  ],
  ["a card's mapping", "pve-rtx3060", ["maps"], anotherCard],
  [
    "a firewall rule that is gone",
    "docker-firewall-rules",
    ["rules[2]"],
    ({ vms }) => vms["100"]?.firewall.rules.pop(),
  ],
  [
    "a firewall that is off",
    "docker-firewall",
    ["enabled"],
    ({ vms }) => Object.assign(vms["100"]?.firewall.options ?? {}, { enable: "0" }),
  ],
  [
    "a backup's time",
    "pve-backup",
    ["schedule"],
    ({ backups }) => Object.assign(backups["estate-dev-pve"] ?? {}, { schedule: "05:00" }),
  ],
])("%s is named, and put right", async (_, name, changed, edit) => {
  made.place.proxmox.edit((state) => {
    edit(state);
  });
  expect(await made.drift()).toEqual({ [name]: changed });
  await made.putRight(name);
  expect(await made.drift()).toEqual({});
});

test("a node's memory is put right without a reboot, which would come to all nodes of a cluster at once", async () => {
  const before = made.started.length;
  made.place.proxmox.edit((state) => void Object.assign(configOf(state, "111"), { memory: "1024" }));
  expect(await made.drift()).toEqual({ "node1-vm": ["memory.dedicated"] });
  await made.putRight("node1-vm");
  expect([await made.drift(), made.started.length]).toEqual([{}, before]);
});

// Its firewall's options are taken for unchanged, which is why the component replaces them with the VM's MAC address.
test("a VM that is gone is known to be gone, and its rules with it", async () => {
  made.place.proxmox.edit((state) => {
    state.vms = Object.fromEntries(Object.entries(state.vms).filter(([vmid]) => vmid !== "100"));
  });
  expect(await made.drift()).toEqual({ "docker-vm": ["gone"], "docker-firewall-rules": ["rules"] });
});

function anotherCard({ mappings }: State): void {
  for (const mapping of Object.values(mappings))
    mapping.map = mapping.map.map((entry) => entry.replace(/id=10de:\w+/, "id=10de:1b80"));
}
