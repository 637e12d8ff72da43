import { z } from "zod";

const firewallRule = z.record(z.string(), z.union([z.string(), z.number()]));
const settings = z.record(z.string(), z.string());

const device = z.object({
  /** Vendor and device: "10de:2684". */
  id: z.string(),
  /** @default the host's IOMMU is off */
  iommugroup: z.number().int().optional(),
  /** Vendor and device of the card's maker. @default it has none */
  subsystem: z.string().optional(),
});

const node = z.object({
  /** Address of its management interface. */
  address: z.string(),
  bridges: z.array(z.string()),
  /** PCI devices by their whole address: "0000:01:00.0". */
  devices: z.record(z.string(), device),
});

const storage = z.object({
  type: z.enum(["dir", "lvmthin", "zfspool"]),
  content: z.array(z.enum(["images", "rootdir", "iso", "vztmpl", "import", "snippets", "backup"])),
  /** Folder on the node, for type "dir". */
  path: z.string().optional(),
});

const volume = z.object({
  node: z.string(),
  content: z.enum(["images", "iso", "vztmpl", "import", "backup"]),
  format: z.string(),
  /** Bytes. */
  size: z.number(),
  vmid: z.number().optional(),
  /** URL or volume that it was made from. @default it was empty */
  source: z.string().optional(),
});

const vm = z.object({
  node: z.string(),
  status: z.enum(["stopped", "running"]),
  pool: z.string().optional(),
  /** Options and their values, as they stand in the VM's configuration file. */
  config: settings,
  firewall: z.object({ options: settings, rules: z.array(firewallRule) }),
});

const task = z.object({
  node: z.string(),
  /** "running", or "stopped" with an exit status. */
  status: z.enum(["running", "stopped"]),
  exitstatus: z.string().optional(),
  log: z.array(z.string()),
});

/** Everything the emulated cluster knows. Made to be read and edited by a person: that is how drift is made. */
export const stateSchema = z.object({
  nodes: z.record(z.string(), node),
  storages: z.record(z.string(), storage),
  /** By node and volume id, "pve1/local:iso/a.iso". Snippets are not here: they are files. */
  volumes: z.record(z.string(), volume),
  mappings: z.record(
    z.string(),
    z.object({ description: z.string().optional(), mdev: z.string().optional(), map: z.array(z.string()) }),
  ),
  vms: z.record(z.string(), vm),
  firewall: settings,
  backups: z.record(z.string(), settings),
  pools: z.record(z.string(), z.object({ comment: z.string().optional() })),
  tasks: z.record(z.string(), task),
});

export type State = z.infer<typeof stateSchema>;
export type VmState = State["vms"][string];
export type NodeState = State["nodes"][string];

/** What a cluster is before anything was made in it. */
export type Cluster = Pick<State, "nodes" | "storages">;

export function emptyState(cluster: Cluster): State {
  return { ...cluster, volumes: {}, mappings: {}, vms: {}, firewall: {}, backups: {}, pools: {}, tasks: {} };
}

/** The nodes and storages of a state, with what a cluster has beyond them: a host, a card or a bridge that is new. */
export function grown(state: State, { nodes, storages }: Cluster): Cluster {
  const merged = Object.entries(nodes).map(([name, added]): [string, NodeState] => {
    const node = state.nodes[name] ?? added;
    const bridges = [...new Set([...node.bridges, ...added.bridges])];
    return [name, { ...node, bridges, devices: { ...added.devices, ...node.devices } }];
  });
  return { nodes: { ...state.nodes, ...Object.fromEntries(merged) }, storages: { ...storages, ...state.storages } };
}
