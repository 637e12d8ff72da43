import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import type { Certificate } from "../machines/authority";
import { issueCertificate, type Subject } from "./certificates";
import type { ClusterIdentity } from "./identity";
import { type Holder, KubernetesPlace, type Ports } from "./place";
import { kwokStages } from "./stages";

/**
 * Writes everything that a cluster's programs read: certificates of a year, kubeconfigs, configuration. What was there is
 * replaced; certificates handed out before stay valid.
 *
 * @throws Error when the directory holds another cluster
 */
export async function configureKubernetes(
  place: KubernetesPlace,
  identity: ClusterIdentity,
  ports: Ports,
): Promise<void> {
  refuseOther(place, identity);
  write(place.certificate("ca"), identity.ca.certificate);
  write(place.key("ca"), identity.ca.key);
  write(place.certificate("aggregator-ca"), identity.aggregatorCa.certificate);
  write(place.certificate("etcd-ca"), identity.etcdCa.certificate);
  write(place.key("service-account"), identity.serviceAccountKey);
  await writeCertificates(place, identity);
  await writeKubeconfigs(place, identity, ports);
  write(place.config("admission"), stringify(admission(identity)));
  write(place.config("encryption"), stringify(encryption(identity)));
  write(place.config("egress"), stringify(egress(place)));
  write(place.config("stages"), kwokStages());
}

function refuseOther(place: KubernetesPlace, { name, ca }: ClusterIdentity): void {
  const file = place.certificate("ca");
  if (!existsSync(file) || readFileSync(file, "utf8") === ca.certificate) return;
  throw new Error(`${place.directory} holds a cluster with another authority than ${name}'s. Remove it first.`);
}

/** Subjects as Talos has them: https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/secrets/kubernetes_dynamic_certs.go */
async function writeCertificates(place: KubernetesPlace, identity: ClusterIdentity): Promise<void> {
  const { ca, aggregatorCa, etcdCa } = identity;
  const wanted: readonly (readonly [Holder, Certificate, Subject])[] = [
    ["etcd", etcdCa, { commonName: "etcd", serves: ["127.0.0.1", "localhost"] }],
    ["apiserver-etcd-client", etcdCa, { commonName: "kube-apiserver" }],
    ["apiserver", ca, { commonName: "kube-apiserver", organization: "kube-master", serves: apiNames(identity) }],
    ["front-proxy-client", aggregatorCa, { commonName: "front-proxy-client" }],
  ];
  for (const [holder, authority, subject] of wanted) {
    const { certificate, key } = await issueCertificate(authority, subject);
    write(place.certificate(holder), certificate);
    write(place.key(holder), key);
  }
}

/** Where the API is reached in the lab, and the names that a real one has. */
function apiNames({ endpoint, dnsDomain, certSANs }: ClusterIdentity): string[] {
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", `kubernetes.default.svc.${dnsDomain}`];
  return [...new Set(["127.0.0.1", "localhost", new URL(endpoint).hostname, ...service, ...certSANs])];
}

const clients: readonly (readonly [Holder, Subject])[] = [
  ["admin", { commonName: "admin", organization: "system:masters" }],
  ["kube-controller-manager", { commonName: "system:kube-controller-manager" }],
  ["kube-scheduler", { commonName: "system:kube-scheduler" }],
  // It stands for every kubelet at once, which none of their own roles allows.
  ["kwok", { commonName: "kwok", organization: "system:masters" }],
];

async function writeKubeconfigs(place: KubernetesPlace, { name, ca }: ClusterIdentity, { api }: Ports): Promise<void> {
  for (const [holder, subject] of clients) {
    const { certificate, key } = await issueCertificate(ca, subject);
    const user = `${holder}@${name}`;
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name, cluster: { server: `https://127.0.0.1:${api}`, "certificate-authority-data": encode(ca.certificate) } },
      ],
      users: [{ name: user, user: { "client-certificate-data": encode(certificate), "client-key-data": encode(key) } }],
      contexts: [{ name: user, context: { cluster: name, namespace: "default", user } }],
      "current-context": user,
    };
    write(place.kubeconfigOf(holder), stringify(kubeconfig));
  }
}

function admission({ admissionControl }: ClusterIdentity) {
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: admissionControl,
  };
}

/** As Talos has it: https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/k8s/internal/k8stemplates/apiserver.go */
function encryption({ secretboxEncryptionSecret: secret }: ClusterIdentity) {
  const secretbox = secret === undefined ? [] : [{ secretbox: { keys: [{ name: "key2", secret }] } }];
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers: [...secretbox, { identity: {} }] }],
  };
}

/**
 * Calls of the API server to kubelets, pods and services end here: their addresses are made up, and on the network of
 * this computer they may be somebody's.
 */
function egress({ directory }: KubernetesPlace) {
  const udsName = join(directory, "no-pod-network-in-the-lab");
  const connection = { proxyProtocol: "HTTPConnect", transport: { uds: { udsName } } };
  return {
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: [{ name: "cluster", connection }],
  };
}

function encode(pem: string): string {
  return Buffer.from(pem).toString("base64");
}

/** In one step: what runs reads some of them again by itself. */
function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.draft`, content, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}
