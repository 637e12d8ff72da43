import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { Certificate } from "../machines/authority";

/** What makes a Kubernetes cluster this one: its authorities, its secrets, its networks. */
export interface ClusterIdentity {
  readonly name: string;
  /** What the cluster's own members call its API: "https://192.168.10.110:6443". Issuer of its service accounts. */
  readonly endpoint: string;
  /** Version of Kubernetes that its machines ask for: "1.34.3". */
  readonly kubernetes: string;
  readonly ca: Certificate;
  readonly aggregatorCa: Certificate;
  readonly etcdCa: Certificate;
  /** Signs the tokens of service accounts, PEM. */
  readonly serviceAccountKey: string;
  /** Encrypts secrets in etcd, base64. @default they are kept in clear */
  readonly secretboxEncryptionSecret?: string | undefined;
  readonly dnsDomain: string;
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
  /** Further names and addresses of its API. */
  readonly certSANs: readonly string[];
  /** Admission plugins with their configuration: Pod Security, as Talos has it by default. */
  readonly admissionControl: readonly { readonly name: string; readonly configuration: unknown }[];
}

const documentSchema = z.record(z.string(), z.unknown());
const pem = z.string().min(1).transform(decode);
const authority = z.object({ crt: pem, key: pem }).transform(({ crt, key }) => ({ certificate: crt, key }));

/**
 * Keys of a control plane's configuration; defaults are Talos':
 * https://github.com/siderolabs/talos/blob/v1.12.0/pkg/machinery/config/types/v1alpha1/v1alpha1_types.go
 */
const clusterSchema = z
  .object({
    clusterName: z.string().default(""),
    controlPlane: z.object({ endpoint: z.url() }),
    ca: authority,
    aggregatorCA: authority,
    etcd: z.object({ ca: authority }),
    serviceAccount: z.object({ key: pem }),
    secretboxEncryptionSecret: z.string().min(1).optional(),
    network: z
      .object({
        dnsDomain: z.string().default("cluster.local"),
        podSubnets: z.array(z.string()).min(1).default(["10.244.0.0/16"]),
        serviceSubnets: z.array(z.string()).min(1).default(["10.96.0.0/12"]),
      })
      .prefault({}),
    apiServer: z.object({
      image: z.string(),
      certSANs: z.array(z.string()).default([]),
      admissionControl: z.array(z.object({ name: z.string(), configuration: z.unknown() })).default([]),
    }),
  })
  .transform(
    ({
      clusterName,
      controlPlane,
      aggregatorCA,
      etcd,
      serviceAccount,
      network,
      apiServer,
      ...rest
    }): ClusterIdentity => ({
      ...rest,
      ...network,
      name: clusterName,
      endpoint: controlPlane.endpoint,
      kubernetes: versionOf(apiServer.image),
      aggregatorCa: aggregatorCA,
      etcdCa: etcd.ca,
      serviceAccountKey: serviceAccount.key,
      certSANs: apiServer.certSANs,
      admissionControl: apiServer.admissionControl,
    }),
  );

/**
 * Reads what a cluster is from the Talos machine configuration of one of its control planes (YAML, several documents).
 *
 * @throws Error that names each key which is missing; never a value, because most are secrets
 */
export function identityOf(machineConfig: string): ClusterIdentity {
  const read = clusterSchema.safeParse(mainDocument(machineConfig)["cluster"]);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${["cluster", ...path].join(".")}: ${message}`);
  throw new Error(`This is not the configuration of a control plane:\n${problems.join("\n")}`);
}

/** Every document of a Talos machine configuration. */
export function documentsOf(machineConfig: string): Record<string, unknown>[] {
  const filled = parseAllDocuments(machineConfig).filter(({ contents }) => contents !== null);
  return filled.map((document) => documentSchema.parse(document.toJS()));
}

/** The document with the machine and its cluster: the only one without a kind. */
export function mainDocument(machineConfig: string): Record<string, unknown> {
  return documentsOf(machineConfig).find(({ kind }) => kind === undefined) ?? {};
}

/** "1.34.3" of "registry.k8s.io/kube-apiserver:v1.34.3", also where a digest follows. */
export function versionOf(image: string): string {
  return /:v(\d[^@]*)/.exec(image)?.[1] ?? "";
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
