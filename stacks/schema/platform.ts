import { z } from "zod";
import { cidrv4, domainName, gibibytes, ipv4, slug } from "./common";
import { services } from "./services";

const sha256 = { error: "expected a SHA-256 in hexadecimal, 64 digits in lower case" };
const version = z.string().regex(/^\d+\.\d+\.\d+$/, { error: "expected a version such as 1.34.3, without v" });

const onEveryCluster = {
  /** Pull images from a private registry with credentials from the secret `registryCredentials`. @default none */
  registry: domainName.optional(),
};

/** A Talos cluster on VMs of the estate. */
const talosCluster = z.strictObject({
  kind: z.literal("talos"),
  kubernetes: version,
  talos: version,
  /** SHA-256 of the Talos ISO that its VMs boot (docs/machines.md): the host refuses another one. @default not checked */
  imageSha256: z
    .string(sha256)
    .regex(/^[0-9a-f]{64}$/, sha256)
    .optional(),
  controlPlanes: z.array(slug).min(1),
  /** @default none: the control planes take workloads */
  workers: z.array(slug).default([]),
  /** Virtual address of the Kubernetes API, shared by the control planes. @default the first control plane's address */
  vip: ipv4.optional(),
  /** @default "10.244.0.0/16" */
  podCidr: cidrv4.default("10.244.0.0/16"),
  /** @default "10.96.0.0/12" */
  serviceCidr: cidrv4.default("10.96.0.0/12"),
  ...onEveryCluster,
});

/**
 * A cluster that exists, joined by its kubeconfig: the secret `NAMEKubeconfig` (kubeconfigSecret in stacks/estate.ts). Of its nodes
 * nothing is known but what is said here, where something on it needs it.
 */
const existingCluster = z.strictObject({
  kind: z.literal("existing"),
  /** What it runs: charts are rendered for this version. */
  kubernetes: version,
  /** Cards that pods can get. Each counts as a node's only one: a pod gets no more than that. @default none */
  gpus: z.array(z.strictObject({ vram: gibibytes, count: z.int().min(1).max(64).default(1) })).default([]),
  /** How the tailnet reaches its services. Needed when one of its apps is served to somebody. @default it does not */
  tailnet: z
    .strictObject({
      /** Its service network: `kubectl get servicecidr`, or the API server's --service-cluster-ip-range. */
      serviceCidr: cidrv4,
      /** Machines that route this network for the tailnet, such as nodes of that cluster. */
      routers: z.array(slug).min(1),
      /** From where their packets come to the pods: networks that network policies let in. */
      routerCidrs: z.array(cidrv4).min(1),
    })
    .optional(),
  ...onEveryCluster,
});

export const cluster = z.discriminatedUnion("kind", [talosCluster, existingCluster], {
  error: 'expected kind "talos" or "existing"',
});

/** Charts of the estate's own, in charts/. */
export const ownCharts = ["demo", "ollama"] as const;

/** An app on a cluster, rendered from a chart. */
export const app = z.strictObject({
  chart: z.enum(ownCharts),
  on: slug,
  /** @default the app's name */
  namespace: slug.optional(),
  /** Copies of a stateless app. @default 2 */
  replicas: z.int().min(1).max(20).default(2),
  /** GPUs of each pod. @default 0 */
  gpus: z.int().min(0).max(8).default(0),
  /** Models that Ollama keeps ready. @default none */
  models: z.array(z.string()).default([]),
  /** VRAM of models that the estate does not know (stacks/gpus/models.ts), by model. @default none */
  vram: z.record(z.string(), gibibytes).optional(),
  /** What it serves, and to whom. @default nothing */
  serves: services.default({}),
});

/** A GitHub repository. */
export const repository = z.strictObject({
  description: z.string().default(""),
  /** @default "private" */
  visibility: z.enum(["private", "internal", "public"]).default("private"),
  /** Actions secrets: names in the stack's `secrets`, written DEPLOY_KEY for deployKey. @default none */
  secrets: z.array(z.string().regex(/^[a-z][A-Za-z0-9]*$/, { error: "expected a name such as deployKey" })).default([]),
  /** Deployment environments, each waiting for the named people's review. @default none */
  environments: z.record(slug, z.strictObject({ branches: z.array(z.string()).default(["main"]) })).default({}),
  runners: z
    .strictObject({
      /** Self-hosted runners that serve one job and go, on a Docker host, joined to the tailnet with this tag. */
      ephemeral: z.strictObject({
        tag: slug,
        on: slug,
        /** @default 2 */
        count: z.int().min(1).max(20).default(2),
      }),
    })
    .optional(),
});
