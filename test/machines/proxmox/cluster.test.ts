import { clusterOf } from "../../../lab/proxmox";
import { loadStack, specs } from "../../../stacks";
import { entry } from "../../../stacks/estate";

const prod = loadStack("prod");

test("prod's cluster has its host, with each card in a slot and a group of its own, its companion with it", () => {
  expect(clusterOf(prod)).toEqual({
    nodes: {
      pve1: {
        address: "192.168.10.2",
        bridges: ["vmbr0"],
        devices: {
          "0000:01:00.0": { id: "10de:2684", iommugroup: 32 },
          "0000:01:00.1": { id: "10de:22ba", iommugroup: 32 },
          "0000:02:00.0": { id: "10de:2204", iommugroup: 64 },
          "0000:02:00.1": { id: "10de:1aef", iommugroup: 64 },
        },
      },
    },
    storages: {
      "local-lvm": { type: "lvmthin", content: ["images", "rootdir"] },
      local: { type: "dir", content: ["iso", "import", "snippets", "vztmpl", "backup"], path: "/var/lib/vz" },
    },
  });
});

test("what the spec says of a card's group and maker is so", () => {
  const host = entry(prod.hosts, "pve1");
  const rtx4090 = { ...entry(host.gpus, "rtx4090"), iommuGroup: 13, subsystem: "1043:889a" };
  const { nodes } = clusterOf({ networks: prod.networks, hosts: { pve1: { ...host, gpus: { rtx4090 } } } });
  const shared = { iommugroup: 13, subsystem: "1043:889a" };
  expect(nodes["pve1"]?.devices).toEqual({
    "0000:01:00.0": { id: "10de:2684", ...shared },
    "0000:01:00.1": { id: "10de:22ba", ...shared },
  });
});

test("a storage for everything is a folder that takes everything; one for backups takes nothing else", () => {
  const host = entry(prod.hosts, "pve1");
  const storage = { disks: "tank", images: "tank" };
  const { storages } = clusterOf({
    networks: prod.networks,
    hosts: { pve1: { ...host, storage, backup: { ...host.backup, storage: "nas" } } },
  });
  expect(storages).toEqual({
    tank: {
      type: "dir",
      content: ["images", "rootdir", "iso", "import", "snippets", "vztmpl", "backup"],
      path: "/mnt/pve/tank",
    },
    nas: { type: "dir", content: ["backup"], path: "/mnt/pve/nas" },
  });
});

test.each(Object.keys(specs))("no two cards of %s share a group", (stack) => {
  for (const { devices } of Object.values(clusterOf(loadStack(stack)).nodes)) {
    const groups = new Map<string, Set<number | undefined>>();
    for (const [address, { iommugroup }] of Object.entries(devices)) {
      const slot = address.slice(0, address.indexOf("."));
      groups.set(slot, (groups.get(slot) ?? new Set()).add(iommugroup));
    }
    const all = [...groups.values()].flatMap((found) => [...found]);
    expect([new Set(all).size, all.length]).toEqual([groups.size, groups.size]);
  }
});
