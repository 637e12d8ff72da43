import { z } from "zod";

const sshServer = z.object({ address: z.string(), port: z.number() }).readonly();

/** Where on loopback the full lab runs what an estate declares. The lab writes it into the stack's configuration. */
export const labPlaces = z
  .object({
    /** URL of the tailnet's hub. @default the estate runs none */
    hub: z.string().optional(),
    /** The API of the Proxmox hosts, and each one's SSH server, by host. @default there are no hosts */
    proxmox: z
      .object({ endpoint: z.string(), ssh: z.record(z.string(), sshServer).readonly() })
      .readonly()
      .optional(),
    /** Where the Talos API of a machine answers, "127.0.0.1:PORT", by machine. */
    talos: z.record(z.string(), z.string()).readonly(),
    /** Folder for snapshots of the clusters' etcd. */
    snapshots: z.string(),
    /** Where the Kubernetes API of a cluster answers, "https://127.0.0.1:PORT", by cluster. */
    kubernetes: z.record(z.string(), z.string()).readonly(),
  })
  .readonly();

export type LabPlaces = z.infer<typeof labPlaces>;
