import { readFileSync } from "node:fs";
import { join } from "node:path";
import { answers, type Credentials, KubernetesApi } from "./client";
import type { ClusterIdentity } from "./identity";
import type { ComponentName, KubernetesPlace, Ports } from "./place";
import { kubeletLabel } from "./ownership";
import { heartbeat } from "./stages";

/** How a cluster's program is run. */
export interface Component {
  readonly args: readonly string[];
  /** Added to its environment. @default nothing */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it does its work. */
  readonly ready: () => Promise<boolean>;
}

/** Seconds without a heartbeat after which a node is not ready. Real clusters wait 50, and somebody watches the lab. */
const nodeMonitorGracePeriod = 3 * heartbeat;

/**
 * The programs of a cluster. Their arguments are Talos' own where they matter to who uses the API; what they listen on is
 * on loopback, and what needs no listener has none (secure port 0).
 * https://github.com/siderolabs/talos/blob/v1.12.0/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go
 */
export function componentsOf(
  place: KubernetesPlace,
  identity: ClusterIdentity,
  ports: Ports,
): Readonly<Record<ComponentName, Component>> {
  return {
    etcd: etcd(place, ports),
    "kube-apiserver": apiServer(place, identity, ports),
    "kube-controller-manager": controllerManager(place, identity),
    "kube-scheduler": scheduler(place),
    kwok: kwok(place, identity),
  };
}

const always = (): Promise<boolean> => Promise.resolve(true);

function etcd(place: KubernetesPlace, ports: Ports): Component {
  const client = `https://127.0.0.1:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  const [certificate, key, ca] = [place.certificate("etcd"), place.key("etcd"), place.certificate("etcd-ca")];
  return {
    args: [
      ...["--name=lab", `--data-dir=${place.data}`, `--initial-cluster=lab=${peer}`],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
      ...[`--cert-file=${certificate}`, `--key-file=${key}`, `--trusted-ca-file=${ca}`, "--client-cert-auth"],
      ...[`--peer-cert-file=${certificate}`, `--peer-key-file=${key}`, `--peer-trusted-ca-file=${ca}`],
      "--peer-client-cert-auth",
      // A process that is killed loses nothing by it, and a lab need not outlast a power cut.
      "--unsafe-no-fsync",
      ...["--log-level=error", "--log-outputs=stderr"],
    ],
    ready: () => answers(`${client}/health`, read({ ca, cert: certificate, key })),
  };
}

function apiServer(place: KubernetesPlace, identity: ClusterIdentity, ports: Ports): Component {
  const { endpoint, serviceSubnets } = identity;
  return {
    args: [
      ...["--bind-address=127.0.0.1", `--secure-port=${ports.api}`, "--advertise-address=127.0.0.1"],
      // Loopback is refused as an endpoint, and no pod would reach it.
      "--endpoint-reconciler-type=none",
      ...[`--tls-cert-file=${place.certificate("apiserver")}`, `--tls-private-key-file=${place.key("apiserver")}`],
      ...[`--client-ca-file=${place.certificate("ca")}`, "--anonymous-auth=false", "--authorization-mode=Node,RBAC"],
      ...["--enable-bootstrap-token-auth=true", "--allow-privileged=true", "--profiling=false"],
      ...["--enable-admission-plugins=NodeRestriction", `--admission-control-config-file=${place.config("admission")}`],
      `--encryption-provider-config=${place.config("encryption")}`,
      `--egress-selector-config-file=${place.config("egress")}`,
      ...serviceAccounts(place, endpoint),
      ...aggregation(place),
      ...[`--etcd-servers=https://127.0.0.1:${ports.etcd}`, `--etcd-cafile=${place.certificate("etcd-ca")}`],
      `--etcd-certfile=${place.certificate("apiserver-etcd-client")}`,
      `--etcd-keyfile=${place.key("apiserver-etcd-client")}`,
      `--service-cluster-ip-range=${serviceSubnets.join(",")}`,
      // Where it would put a certificate of its own: never outside.
      `--cert-dir=${join(place.directory, "pki")}`,
    ],
    ready: () => serves(place, "/readyz"),
  };
}

function serviceAccounts(place: KubernetesPlace, issuer: string): string[] {
  const key = place.key("service-account");
  return [
    ...[`--service-account-issuer=${issuer}`, `--api-audiences=${issuer}`],
    ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
  ];
}

/** For extensions of the API: it calls them as the cluster's front proxy. */
function aggregation(place: KubernetesPlace): string[] {
  return [
    `--requestheader-client-ca-file=${place.certificate("aggregator-ca")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${place.certificate("front-proxy-client")}`,
    `--proxy-client-key-file=${place.key("front-proxy-client")}`,
  ];
}

function controllerManager(place: KubernetesPlace, { podSubnets, serviceSubnets }: ClusterIdentity): Component {
  return {
    args: [
      ...[`--kubeconfig=${place.kubeconfigOf("kube-controller-manager")}`, "--leader-elect=false", "--secure-port=0"],
      ...["--use-service-account-credentials=true", "--controllers=*,tokencleaner", "--profiling=false"],
      ...["--allocate-node-cidrs=true", "--configure-cloud-routes=false"],
      ...[`--cluster-cidr=${podSubnets.join(",")}`, `--service-cluster-ip-range=${serviceSubnets.join(",")}`],
      ...[`--cluster-signing-cert-file=${place.certificate("ca")}`, `--cluster-signing-key-file=${place.key("ca")}`],
      ...[`--root-ca-file=${place.certificate("ca")}`],
      `--service-account-private-key-file=${place.key("service-account")}`,
      ...["--node-monitor-period=2s", `--node-monitor-grace-period=${nodeMonitorGracePeriod}s`],
      // It makes an account per controller first; at its default of 20 calls a second that takes 5 seconds.
      ...["--kube-api-qps=200", "--kube-api-burst=400"],
    ],
    // Without it no pod is admitted, and the controllers make it.
    ready: () => serves(place, "/api/v1/namespaces/default/serviceaccounts/default"),
  };
}

function scheduler(place: KubernetesPlace): Component {
  const kubeconfig = place.kubeconfigOf("kube-scheduler");
  return {
    args: [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0", "--profiling=false"],
    ready: always,
  };
}

function kwok(place: KubernetesPlace, { podSubnets: [podSubnet = ""] }: ClusterIdentity): Component {
  return {
    args: [
      ...[`--kubeconfig=${place.kubeconfigOf("kwok")}`, `--config=${place.config("stages")}`],
      // By label, not by annotation: only then it lets go of a node that is switched off.
      ...["--manage-all-nodes=false", `--manage-nodes-with-label-selector=${kubeletLabel}`],
      // Heartbeats are in the status: a lease would be held by a kwok that was killed, until it ends.
      ...["--node-lease-duration-seconds=0", `--cidr=${podSubnet}`],
    ],
    // Where it looks for a configuration of the user's.
    env: { KWOK_WORKDIR: place.directory },
    ready: always,
  };
}

async function serves({ kubeconfig }: KubernetesPlace, path: string): Promise<boolean> {
  try {
    return await new KubernetesApi(kubeconfig).has(path);
  } catch {
    return false;
  }
}

function read({ ca, cert, key }: Credentials): Credentials {
  return { ca: readFileSync(ca, "utf8"), cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
