import { z } from "zod";
import { KubernetesApi } from "./client";
import type { Kubernetes } from "./kubernetes";

const claims = "/api/v1/persistentvolumeclaims";
const volumes = "/api/v1/persistentvolumes";

const claimsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string() }),
      spec: z.object({
        accessModes: z.array(z.string()),
        resources: z.object({ requests: z.object({ storage: z.string() }) }),
        storageClassName: z.string().default(""),
        volumeMode: z.string().default("Filesystem"),
        volumeName: z.string().default(""),
      }),
      status: z.object({ phase: z.string().default("Pending") }),
    }),
  ),
});

/**
 * Plays the cluster's storage: every claim that waits gets a volume of its own, as large as it asks for, with nothing behind
 * it. The binding is the real controller's.
 */
export async function provideVolumes({ kubeconfig }: Pick<Kubernetes, "kubeconfig">): Promise<void> {
  const api = new KubernetesApi(kubeconfig);
  const { items } = claimsSchema.parse(await api.read(claims));
  const waiting = items.filter(({ spec, status }) => status.phase === "Pending" && spec.volumeName === "");
  await Promise.all(waiting.map((claim) => api.create(volumes, volumeFor(claim))));
}

function volumeFor({ metadata, spec }: z.output<typeof claimsSchema>["items"][number]) {
  const { accessModes, storageClassName, volumeMode, resources } = spec;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `played-${metadata.uid}` },
    spec: {
      ...{ accessModes, storageClassName, volumeMode },
      capacity: { storage: resources.requests.storage },
      claimRef: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      // Kept when its claim goes: nothing is behind it that could be deleted.
      persistentVolumeReclaimPolicy: "Retain",
      hostPath: { path: `/var/lab-volumes/${metadata.uid}` },
    },
  };
}
