import { request } from "node:https";
import { parse } from "yaml";
import { z } from "zod";

import { redact } from "../../common/redact";
import { retry, type Patience } from "../../common/retry";

const kubeconfigSchema = z.object({
  "current-context": z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(
    z.object({ name: z.string(), cluster: z.object({ server: z.url(), "certificate-authority-data": z.base64() }) }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.object({ "client-certificate-data": z.base64(), "client-key-data": z.base64() }),
    }),
  ),
});

/** How a kubeconfig reaches its cluster: PEM texts. */
export interface KubernetesAccess {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The way in that a kubeconfig's current context names; undefined when it is not one with certificates inside. */
export function kubernetesAccess(kubeconfig: string): KubernetesAccess | undefined {
  const config = kubeconfigSchema.safeParse(readYaml(kubeconfig)).data;
  const context = config?.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config?.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config?.users.find(({ name }) => name === context?.user)?.user;
  if (cluster === undefined || user === undefined) return undefined;
  const pem = (data: string): string => Buffer.from(data, "base64").toString("utf8");
  return {
    server: cluster.server,
    ca: pem(cluster["certificate-authority-data"]),
    cert: pem(user["client-certificate-data"]),
    key: pem(user["client-key-data"]),
  };
}

/** The Kubernetes API did not give what was asked for, in words a person can act on. */
export class KubernetesApiError extends Error {
  override readonly name = "KubernetesApiError";
  constructor(
    message: string,
    /** Whether asking again later could help: it is starting, or out of reach. */
    readonly passing: boolean,
  ) {
    super(message);
  }
}

/** Milliseconds for one answer. */
const answerLimit = 10_000;

/** The Kubernetes API of a cluster, asked over HTTPS with what its kubeconfig says: its own authority, its own client. */
export class KubernetesApi {
  private readonly access: KubernetesAccess;

  constructor(
    private readonly cluster: string,
    kubeconfig: string,
  ) {
    const access = kubernetesAccess(kubeconfig);
    if (access === undefined)
      throw new Error(
        `the kubeconfig of ${cluster} is not one that Talos gives out: it has no server, or no certificates`,
      );
    this.access = access;
  }

  /** Waits until the API says that it is ready. */
  async untilReady(patience: Patience): Promise<void> {
    await retry(
      patience,
      (error) => error instanceof KubernetesApiError && error.passing,
      async () => {
        await this.ask("GET", "/readyz");
      },
    );
  }

  /** @throws KubernetesApiError */
  async ask(method: "GET" | "DELETE", path: string): Promise<string> {
    const { status, body } = await this.send(method, path);
    if (status < 300) return body;
    const said = redact(body.trim()).slice(-300);
    const starting = status >= 500 || status === 429;
    throw new KubernetesApiError(
      starting
        ? `the Kubernetes API of ${this.cluster} at ${this.access.server} is not ready: it answers ${status}: ${said}`
        : `the Kubernetes API of ${this.cluster} at ${this.access.server} refuses ${method} ${path} with ${status}: ${said}`,
      starting,
    );
  }

  private send(method: string, path: string): Promise<{ status: number; body: string }> {
    const { server, ca, cert, key } = this.access;
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        reject(this.failure(error));
      };
      const options = { method, ca, cert, key, timeout: answerLimit, agent: false } as const;
      const sent = request(new URL(path, server), options, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (body += part));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 500, body });
        });
        response.on("error", fail);
      });
      sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
      sent.on("error", fail);
      sent.end();
    });
  }

  private failure(error: NodeJS.ErrnoException): KubernetesApiError {
    const { server } = this.access;
    if (isDistrust(error))
      return new KubernetesApiError(
        `the server at ${server} is not the Kubernetes API of ${this.cluster}: its certificate (${error.message}) is not ` +
          "one that the cluster's own authority signed for this address. Nothing was sent to it; see who has the address",
        false,
      );
    return new KubernetesApiError(
      `the Kubernetes API of ${this.cluster} at ${server} is unreachable: ${redact(error.message)}`,
      true,
    );
  }
}

/** Whether the other side could not prove who it is; the codes of OpenSSL and of Node's own check of the name. */
function isDistrust({ code = "" }: NodeJS.ErrnoException): boolean {
  return /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_|UNABLE_TO_|(DEPTH_ZERO_)?SELF_SIGNED_CERT)/.test(code);
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
