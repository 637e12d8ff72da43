import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { gpuNodeLabel } from "../talosCluster/machineConfig";

/** https://github.com/NVIDIA/k8s-device-plugin/releases */
const image = "nvcr.io/nvidia/k8s-device-plugin:v0.18.2";

/** The runtime that Talos' container toolkit extension brings; pods ask for it by class. */
export const runtimeClassName = "nvidia";

const labels = { "app.kubernetes.io/name": "nvidia-device-plugin" };

/**
 * The device plugin, which tells the kubelet of the node's GPUs. As in NVIDIA's static manifest, but only on GPU nodes, with the
 * nvidia runtime and with limits:
 * https://github.com/NVIDIA/k8s-device-plugin/blob/v0.18.2/deployments/static/nvidia-device-plugin.yml
 */
export function devicePlugin(namespace: pulumi.Input<string>): kubernetes.apps.v1.DaemonSetArgs {
  return {
    metadata: { name: "nvidia-device-plugin", namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate" },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { ...gpuNodeLabel },
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
          priorityClassName: "system-node-critical",
          runtimeClassName,
          automountServiceAccountToken: false,
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "nvidia-device-plugin",
              image,
              // A node whose driver is not up yet must not put the pod into a crash loop.
              env: [{ name: "FAIL_ON_INIT_ERROR", value: "false" }],
              resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
              volumeMounts: [{ name: "device-plugins", mountPath: "/var/lib/kubelet/device-plugins" }],
            },
          ],
          // The kubelet's socket: what makes the namespace "privileged".
          volumes: [
            { name: "device-plugins", hostPath: { path: "/var/lib/kubelet/device-plugins", type: "Directory" } },
          ],
        },
      },
    },
  };
}
