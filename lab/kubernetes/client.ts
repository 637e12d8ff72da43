import { readFileSync } from "node:fs";
import { request } from "node:https";
import { parse } from "yaml";
import { z } from "zod";

/** How a server that asks for a certificate is called; everything PEM. */
export interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks a server once. Bounded in time (milliseconds). */
export function ask(
  url: string,
  credentials: Credentials,
  { method = "GET", body, contentType = "application/json", limit = 10_000 }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": contentType };
    const sent = request(url, { ...credentials, method, headers, timeout: limit, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 500, body: text });
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${url}: no answer`)));
    sent.on("error", reject);
    sent.end(body);
  });
}

export interface AskOptions {
  /** @default "GET" */
  readonly method?: string;
  /** @default none */
  readonly body?: string;
  /** @default "application/json" */
  readonly contentType?: string;
  /** @default 10,000 */
  readonly limit?: number;
}

/** Whether a server answers that it is well. */
export async function answers(url: string, credentials: Credentials): Promise<boolean> {
  try {
    return (await ask(url, credentials, { limit: 2_000 })).status === 200;
  } catch {
    return false;
  }
}

const kubeconfigSchema = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.url(), "certificate-authority-data": z.base64() }) })]),
  users: z.tuple([
    z.object({ user: z.object({ "client-certificate-data": z.base64(), "client-key-data": z.base64() }) }),
  ]),
});

/** A Kubernetes API, as whom a kubeconfig says. */
export class KubernetesApi {
  private readonly server: string;
  private readonly credentials: Credentials;

  /** @param kubeconfig path of a kubeconfig with one cluster and one user with a certificate */
  constructor(kubeconfig: string) {
    const { clusters, users } = kubeconfigSchema.parse(parse(readFileSync(kubeconfig, "utf8")));
    const [[{ cluster }], [{ user }]] = [clusters, users];
    this.server = cluster.server;
    this.credentials = {
      ca: decode(cluster["certificate-authority-data"]),
      cert: decode(user["client-certificate-data"]),
      key: decode(user["client-key-data"]),
    };
  }

  /** An object by its path; undefined when there is none. */
  async read(path: string): Promise<unknown> {
    const { status, body } = await this.ask(path, 404);
    return status === 404 ? undefined : JSON.parse(body);
  }

  /** Whether there is something at a path. */
  async has(path: string): Promise<boolean> {
    return (await this.ask(path, 404)).status !== 404;
  }

  /** Makes an object. Returns false when there is one of that name. */
  async create(path: string, object: unknown): Promise<boolean> {
    return (await this.ask(path, 409, { method: "POST", body: JSON.stringify(object) })).status !== 409;
  }

  /** Changes an object by a JSON merge patch. Returns false when it has changed since the version that the patch names. */
  async merge(path: string, patch: unknown): Promise<boolean> {
    const contentType = "application/merge-patch+json";
    return (await this.ask(path, 409, { method: "PATCH", body: JSON.stringify(patch), contentType })).status !== 409;
  }

  /** @param expected a refusal that the caller deals with */
  private async ask(path: string, expected: number, options: AskOptions = {}): Promise<Answer> {
    const answer = await ask(`${this.server}${path}`, this.credentials, options);
    if (answer.status < 300 || answer.status === expected) return answer;
    throw new Error(`${options.method ?? "GET"} ${path}: ${answer.status} ${answer.body.trim()}`);
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
