import { request } from "node:https";
import * as tls from "node:tls";
import { z } from "zod";

/** Where the API of a Proxmox cluster answers, and what opens it. */
export interface ProxmoxApi {
  /** "https://192.168.10.2:8006/" */
  readonly endpoint: string;
  /** "USER@REALM!TOKENID=UUID"; stands in no error. */
  readonly token: string;
  /** Certificates of the authorities that are trusted, PEM. @default those that Node trusts */
  readonly authorities: string | string[] | undefined;
  /** How long one answer may take. Milliseconds. @default 10,000 */
  readonly patience?: number;
}

/** What has a VM id. */
export interface Guest {
  readonly type: "VM" | "container";
  /** Empty while Proxmox does not tell it, as of a VM that is just being made. */
  readonly name: string;
  readonly node: string;
}

/** Why Proxmox could not be asked. The message says what to do, and has nothing secret in it. */
export class ProxmoxError extends Error {}

/**
 * Whether nothing in the cluster has a VM id, be it a VM or a container. Takes no privilege: Proxmox tells whoever is logged in.
 * https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/nextid
 *
 * @throws ProxmoxError when there is no such answer
 */
export async function isFree(api: ProxmoxApi, vmId: number): Promise<boolean> {
  const path = `cluster/nextid?vmid=${String(vmId)}`;
  const answer = await get(api, path);
  if (answer.status === 200) return true;
  const refused = z.object({ errors: z.object({ vmid: z.string() }) }).safeParse(answer.body);
  if (answer.status === 400 && refused.data?.errors.vmid.endsWith("already exists") === true) return false;
  throw unexpected(api, path, answer);
}

const guestsSchema = z.object({
  data: z.array(
    z.object({
      vmid: z.number(),
      type: z.enum(["qemu", "lxc"]),
      name: z.string().default(""),
      node: z.string(),
    }),
  ),
});

/**
 * The VMs and containers that the token may see (VM.Audit), by VM id. None when Proxmox says it in other words than known: it
 * makes a message clearer, no more.
 */
export async function guestsOf(api: ProxmoxApi): Promise<ReadonlyMap<number, Guest>> {
  const { body } = await get(api, "cluster/resources?type=vm");
  const guests = guestsSchema.safeParse(body).data?.data ?? [];
  return new Map(
    guests.map(({ vmid, type, name, node }) => [vmid, { type: type === "lxc" ? "container" : "VM", name, node }]),
  );
}

/**
 * What Node trusts (NODE_EXTRA_CA_CERTS included), and what the provider does: it is a program in Go, which trusts the system's
 * authorities. Node tells those from 22.15 on.
 *
 * @returns undefined when Node does not tell them
 */
export function commonAuthorities({ getCACertificates }: Partial<typeof tls> = tls): string[] | undefined {
  if (getCACertificates === undefined) return undefined;
  return [...getCACertificates("default"), ...getCACertificates("system")];
}

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly body: unknown;
}

function get(api: ProxmoxApi, path: string): Promise<Answer> {
  const { endpoint, token, authorities: ca, patience = 10_000 } = api;
  const headers = { Authorization: `PVEAPIToken=${token}` };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience);
    const fail = (error: Error): void => {
      const code = "code" in error ? String(error.code) : error.message;
      reject(unreachable(endpoint, signal.aborted ? `no answer within ${String(patience / 1000)} s` : code));
    };
    const options = { ca, headers, signal };
    const sent = request(new URL(`api2/json/${path}`, endpoint), options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.once("error", fail);
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, reason: response.statusMessage ?? "", body: parsed(text) });
      });
    });
    sent.once("error", fail);
    sent.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An error of Proxmox has no body, or an empty one.
    return undefined;
  }
}

/** Codes of OpenSSL and Node for a certificate that is not accepted. */
const distrusted = /CERT|SIGNATURE|SELF_SIGNED|ISSUER/;

function unreachable(endpoint: string, code: string): ProxmoxError {
  if (distrusted.test(code))
    return new ProxmoxError(
      `the certificate of ${endpoint} is not trusted (${code}). If an authority of your own signed it, as Proxmox's does ` +
        "(/etc/pve/pve-root-ca.pem of a host), name its file in NODE_EXTRA_CA_CERTS, and have the system trust it.",
    );
  return new ProxmoxError(
    `${endpoint} could not be reached (${code}). Is the host on, and can this machine reach its API?`,
  );
}

function unexpected({ endpoint }: ProxmoxApi, path: string, { status, reason }: Answer): ProxmoxError {
  const said = `${endpoint} answered ${String(status)} "${reason}" to GET ${path}.`;
  if (status !== 401) return new ProxmoxError(`${said} Is it the API of a Proxmox VE host?`);
  return new ProxmoxError(`${said} The secret "proxmoxApiToken" is not, or no longer, a token of it: docs/hosts.md.`);
}
