import { z } from "zod";
import { KubernetesApi } from "./client";
import type { Kubernetes } from "./kubernetes";

/** A part of the control plane, as a Talos machine runs it. */
export interface StaticPod {
  /** Name of its node. */
  readonly node: string;
  /** "kube-apiserver", for example. */
  readonly name: string;
  readonly image: string;
  /** Version of the Talos resource that it was made from. */
  readonly config: string;
}

const pods = "/api/v1/namespaces/kube-system/pods";
const configVersion = "talos.dev/config-version";

const podSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ containers: z.array(z.object({ image: z.string() })) }),
});

/**
 * Shows the parts of the control planes as kubelets do, which put a mirror of each static pod into the API; upgrades of
 * Kubernetes are followed by these. What really runs is the lab's one control plane, whatever the images say.
 * https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
 */
export async function registerStaticPods(
  { kubeconfig }: Pick<Kubernetes, "kubeconfig">,
  wanted: readonly StaticPod[],
): Promise<void> {
  const api = new KubernetesApi(kubeconfig);
  await Promise.all(wanted.map((pod) => register(api, pod)));
}

async function register(api: KubernetesApi, pod: StaticPod): Promise<void> {
  const path = `${pods}/${pod.name}-${pod.node}`;
  const found = await api.read(path);
  if (found === undefined) {
    await api.create(pods, podOf(pod));
    return;
  }
  const { metadata, spec } = podSchema.parse(found);
  const same = spec.containers[0]?.image === pod.image && metadata.annotations[configVersion] === pod.config;
  if (same) return;
  const { containers } = podOf(pod).spec;
  await api.merge(path, { metadata: { annotations: { [configVersion]: pod.config } }, spec: { containers } });
}

function podOf({ node, name, image, config }: StaticPod) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-${node}`,
      namespace: "kube-system",
      labels: { tier: "control-plane", "k8s-app": name },
      annotations: {
        "kubernetes.io/config.mirror": config,
        "kubernetes.io/config.source": "file",
        [configVersion]: config,
      },
    },
    spec: {
      nodeName: node,
      hostNetwork: true,
      priorityClassName: "system-cluster-critical",
      tolerations: [{ operator: "Exists", effect: "NoExecute" }],
      containers: [{ name, image }],
    },
  };
}
