// The certificate library asks for this polyfill, before anything of it is loaded.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { createPrivateKey, type webcrypto } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:https";
import type { TLSSocket } from "node:tls";
import { parse, stringify } from "yaml";
import { z } from "zod";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 60 * 60 * 1000;

interface Signer {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

const clusterSecrets = z.object({ certs: z.object({ k8s: z.object({ crt: z.string(), key: z.string() }) }) });

/** A certificate and its key, PEM. */
export interface Pem {
  readonly crt: string;
  readonly key: string;
}

/** An authority made for one test. */
export class Authority {
  private constructor(private readonly own: Signer) {}

  static async create(): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=kubernetes",
      keys,
      signingAlgorithm: algorithm,
      notAfter: new Date(Date.now() + 3650 * day),
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new Authority({ certificate, privateKey: keys.privateKey });
  }

  /** The authority of a cluster's Kubernetes, out of its secrets as `talosctl gen secrets` writes them. */
  static async of(machineSecrets: string): Promise<Authority> {
    const { crt, key } = clusterSecrets.parse(parse(machineSecrets)).certs.k8s;
    const pem = (data: string): string => Buffer.from(data, "base64").toString("utf8");
    const der = createPrivateKey(pem(key)).export({ type: "pkcs8", format: "der" });
    const privateKey = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    return new Authority({ certificate: new x509.X509Certificate(pem(crt)), privateKey });
  }

  get ca(): string {
    return this.own.certificate.toString("pem");
  }

  /** A certificate for 127.0.0.1, as a server and as a client. */
  async issue(days = 365): Promise<Pem> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: "CN=admin, O=system:masters",
      issuer: this.own.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.own.privateKey,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + days * day),
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
    });
    const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
    return { crt: certificate.toString("pem"), key };
  }
}

/** What a fake Kubernetes API answers: path to status and body. */
export type Answers = Record<string, readonly [status: number, body: string]>;

/** A Kubernetes API on loopback that lets in only clients of its authority, and notes what it is asked. */
export class FakeKubernetes {
  readonly asked: string[] = [];
  answers: Answers = { "GET /readyz": [200, "ok"] };
  /** Asked for what is not among the answers. */
  otherwise: (line: string) => Promise<string | undefined> = () => Promise.resolve(undefined);
  private server: Server | undefined;

  private constructor(readonly authority: Authority) {}

  static async start(authority?: Authority): Promise<FakeKubernetes> {
    const api = new FakeKubernetes(authority ?? (await Authority.create()));
    const { crt, key } = await api.authority.issue();
    const options = { cert: crt, key, ca: api.authority.ca, requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (request, response) => {
      const line = `${request.method ?? ""} ${request.url ?? ""}`;
      const isKnown = isAuthorized(request.socket);
      void (isKnown ? api.answer(line) : Promise.resolve([401, "Unauthorized"] as const)).then(([status, body]) => {
        response.writeHead(status, { "content-type": "application/json" }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    api.server = server;
    return api;
  }

  private async answer(line: string): Promise<readonly [number, string]> {
    this.asked.push(line);
    const known = this.answers[line];
    if (known !== undefined) return known;
    const body = await this.otherwise(line);
    return body === undefined ? [404, "not found"] : [200, body];
  }

  get url(): string {
    return `https://127.0.0.1:${String(portOf(this.server?.address() ?? null))}`;
  }

  /** A kubeconfig as Talos gives it out. */
  async kubeconfig(days = 365, { url = this.url, ca = this.authority.ca } = {}): Promise<string> {
    const { crt, key } = await this.authority.issue(days);
    const data = (text: string): string => Buffer.from(text).toString("base64");
    return stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "admin@core",
      contexts: [{ name: "admin@core", context: { cluster: "core", user: "admin@core" } }],
      clusters: [{ name: "core", cluster: { server: url, "certificate-authority-data": data(ca) } }],
      users: [{ name: "admin@core", user: { "client-certificate-data": data(crt), "client-key-data": data(key) } }],
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.server === undefined) resolve();
      else
        this.server.close(() => {
          resolve();
        });
      this.server?.closeAllConnections();
    });
  }
}

function isAuthorized(socket: object): boolean {
  const isTls = (one: object): one is TLSSocket => "authorized" in one;
  return isTls(socket) && socket.authorized;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the fake API does not listen");
  return address.port;
}
