import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { freeTcpPort } from "../control/ports";

/** The programs of a control plane, in the order in which they are started. */
export const componentNames = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;
export type ComponentName = (typeof componentNames)[number];

const portsSchema = z.object({ api: z.number(), etcd: z.number(), etcdPeer: z.number() });
/** TCP ports of loopback that a cluster listens on; its other programs listen nowhere. */
export type Ports = Readonly<z.infer<typeof portsSchema>>;

/** Who has a certificate in a cluster, or a kubeconfig with one. */
export type Holder =
  | "etcd"
  | "apiserver"
  | "apiserver-etcd-client"
  | "front-proxy-client"
  | "admin"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kwok";

/** Where a cluster keeps everything it has. */
export class KubernetesPlace {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Of etcd: what the cluster holds. */
  readonly data: string;
  /** Held by who starts or stops the cluster. */
  readonly lock: string;
  private readonly portsFile: string;

  constructor(readonly directory: string) {
    this.kubeconfig = join(directory, "kubeconfig");
    this.data = join(directory, "data");
    this.lock = join(directory, "lock");
    this.portsFile = join(directory, "ports.json");
  }

  pid(name: ComponentName): string {
    return join(this.directory, `${name}.pid`);
  }

  log(name: ComponentName): string {
    return join(this.directory, "logs", `${name}.log`);
  }

  certificate(holder: Holder | "ca" | "aggregator-ca" | "etcd-ca"): string {
    return join(this.directory, "pki", `${holder}.crt`);
  }

  key(holder: Holder | "ca" | "service-account"): string {
    return join(this.directory, "pki", `${holder}.key`);
  }

  kubeconfigOf(holder: Holder): string {
    return holder === "admin" ? this.kubeconfig : join(this.directory, "config", `${holder}.kubeconfig`);
  }

  config(name: "admission" | "encryption" | "egress" | "stages"): string {
    return join(this.directory, "config", `${name}.yaml`);
  }

  /** The ports that it has; undefined before it was started for the first time. */
  ports(): Ports | undefined {
    if (!existsSync(this.portsFile)) return undefined;
    return portsSchema.parse(JSON.parse(readFileSync(this.portsFile, "utf8")));
  }

  /** Gives it other ports, but for the API's. */
  async choosePorts(api: number): Promise<Ports> {
    const ports = { api, etcd: await freeTcpPort(), etcdPeer: await freeTcpPort() };
    writeFileSync(this.portsFile, JSON.stringify(ports));
    return ports;
  }
}
