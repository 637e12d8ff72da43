import type { Estate, Gpu } from "../../stacks/estate";
import type { Cluster, NodeState } from "./state";

type Device = NodeState["devices"][string];
type Storage = Cluster["storages"][string];
type Content = Storage["content"][number];

/** What only a folder can hold. */
const files: readonly Content[] = ["iso", "import", "snippets", "vztmpl", "backup"];
const disks: readonly Content[] = ["images", "rootdir"];

/**
 * The cluster that an estate declares, before anything was made in it: its hosts with the bridges of its networks, their
 * storages, and each declared card in a slot and an IOMMU group of its own with its companions.
 */
export function clusterOf({ hosts, networks }: Pick<Estate, "hosts" | "networks">): Cluster {
  const bridges = [...new Set(Object.values(networks).map(({ bridge }) => bridge))].sort();
  const nodes = Object.entries(hosts).map(([name, { address, gpus }]): [string, NodeState] => [
    name,
    { address, bridges, devices: Object.fromEntries(Object.values(gpus).flatMap(devicesOf)) },
  ]);
  return { nodes: Object.fromEntries(nodes), storages: storagesOf(hosts) };
}

/** A card's functions: itself and its companions. */
function devicesOf({ slot, device, companions, subsystem, iommuGroup }: Gpu): [string, Device][] {
  const shared = {
    iommugroup: iommuGroup ?? groupOf(slot),
    ...(subsystem === undefined ? {} : { subsystem }),
  };
  return [device, ...companions].map((id, index): [string, Device] => [
    `${slot}.${index.toString(16)}`,
    { id, ...shared },
  ]);
}

/** An IOMMU group for whatever is in a slot, where the spec names none: no other slot has the same. */
export function groupOf(slot: string): number {
  const [domain = 0, bus = 0, device = 0] = slot.split(":").map((part) => Number.parseInt(part, 16));
  // A bus has 32 devices, a domain 256 buses.
  return (domain * 256 + bus) * 32 + device;
}

function storagesOf(hosts: Estate["hosts"]): Cluster["storages"] {
  const wanted = Object.values(hosts).flatMap(({ storage, backup }): [string, readonly Content[]][] => [
    [storage.disks, disks],
    [storage.images, files],
    [backup.storage, ["backup"]],
  ]);
  return Object.fromEntries(
    [...new Set(wanted.map(([id]) => id))].map((id): [string, Storage] => {
      const content = [...new Set(wanted.filter(([name]) => name === id).flatMap(([, kinds]) => kinds))];
      const isFolder = content.some((kind) => files.includes(kind));
      if (!isFolder) return [id, { type: "lvmthin", content }];
      return [id, { type: "dir", content, path: id === "local" ? "/var/lib/vz" : `/mnt/pve/${id}` }];
    }),
  );
}
