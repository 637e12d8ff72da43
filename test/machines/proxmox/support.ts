import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { z } from "zod";
import { type Cluster, type Credentials, type Proxmox, type ProxmoxOptions, startProxmox } from "../../../lab/proxmox";

/** Two nodes; the first has a card of two functions. */
export const cluster: Cluster = {
  nodes: {
    pve1: {
      address: "192.168.10.11",
      bridges: ["vmbr0"],
      devices: {
        "0000:01:00.0": { id: "10de:2684", iommugroup: 14 },
        "0000:01:00.1": { id: "10de:22ba", iommugroup: 14 },
      },
    },
    pve2: { address: "192.168.10.12", bridges: ["vmbr0"], devices: {} },
  },
  storages: {
    local: { type: "dir", content: ["iso", "vztmpl", "import", "snippets", "backup"], path: "/var/lib/vz" },
    "local-lvm": { type: "lvmthin", content: ["images", "rootdir"] },
  },
};

export const token = { id: "root@pam!estate", secret: "11111111-2222-3333-4444-555555555555" };

const answerSchema = z.object({
  data: z.unknown(),
  errors: z.record(z.string(), z.string()).optional(),
  message: z.string().optional(),
});

/** What the API answered. */
export interface Answer extends z.infer<typeof answerSchema> {
  readonly status: number;
  readonly reason: string;
}

/** An emulated cluster in a folder of its own. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "proxmox-"));
  readonly key = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  /** Every request and its status, in order. */
  readonly requests: string[] = [];
  private running: Proxmox | undefined;

  async start(
    credentials: Credentials = { tokens: { [token.id]: token } },
    more: Partial<ProxmoxOptions> = {},
  ): Promise<Proxmox> {
    this.running = await startProxmox({
      directory: join(this.folder, "cluster"),
      authority: join(this.folder, "authority"),
      cluster,
      credentials,
      authorizedKey: this.key.public,
      say: (line) => this.requests.push(line),
      ...more,
    });
    return this.running;
  }

  get proxmox(): Proxmox {
    if (this.running === undefined) throw new Error("the emulator does not run");
    return this.running;
  }

  /** Asks the API, by default with the token of all privileges. */
  ask(method: string, path: string, fields: Fields = {}, headers: Headers = authorization(token)): Promise<Answer> {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) {
      for (const item of typeof value === "string" ? [value] : value) form.append(name, item);
    }
    const query = method === "GET" || method === "DELETE" ? `?${form.toString()}` : "";
    const url = new URL(`api2/json${path}${query}`, this.proxmox.endpoint);
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, ca: readFileSync(this.proxmox.trusted), headers }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (body += chunk));
        response.on("end", () => {
          const answer = answerSchema.parse(JSON.parse(body));
          resolve({ ...answer, status: response.statusCode ?? 0, reason: response.statusMessage ?? "" });
        });
      });
      sent.once("error", reject);
      if (query === "") sent.setHeader("Content-Type", "application/x-www-form-urlencoded");
      sent.end(query === "" ? form.toString() : undefined);
    });
  }

  /** Asks for a task, waits for it, and says how it ended. */
  async task(method: string, path: string, fields: Fields = {}): Promise<string> {
    const { data, reason, status } = await this.ask(method, path, fields);
    if (status !== 200) throw new Error(reason);
    const upid = z.string().parse(data);
    for (;;) {
      const { data: now } = await this.ask(
        "GET",
        `/nodes/${upid.split(":")[1] ?? ""}/tasks/${encodeURIComponent(upid)}/status`,
      );
      const { status: state, exitstatus } = z
        .object({ status: z.string(), exitstatus: z.string().default("") })
        .parse(now);
      if (state === "stopped") return exitstatus;
    }
  }

  async remove(): Promise<void> {
    await this.running?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Fields = Readonly<Record<string, string | readonly string[]>>;
type Headers = Readonly<Record<string, string>>;

export function authorization({ id, secret }: { id: string; secret: string }): Headers {
  return { Authorization: `PVEAPIToken=${id}=${secret}` };
}

export const mapping = { id: "pve1-card", map: "id=10de:2684,node=pve1,path=0000:01:00,iommugroup=14" };
