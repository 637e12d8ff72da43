import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

import { startHeadscale, type Headscale } from "../../../lab/control/headscale";
import type { HeadscaleConfig } from "../../../lab/control/headscale.config";
import type { Known } from "../../../providers/common/values";
import { obtainBinaries } from "../support/tools";

import { WireProvider } from "./wire";

// Every request costs the server a tenth of a second: it holds the key against its bcrypt hash.
jest.setTimeout(60_000);

/** A server that writes each node at once, and does not wait half a second for more of them. */
export const quick: HeadscaleConfig = {
  prefixes: { v4: "100.64.0.0/10", v6: "fd7a:115c:a1e0::/48", allocation: "sequential" },
  dns: { magic_dns: true, base_domain: "lab.internal" },
  policy: { mode: "database" },
  tuning: { node_store_batch_timeout: "5ms", batch_change_delay: "5ms" },
};

const registered = z.object({ node: z.object({ id: z.string() }) });
const listed = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      givenName: z.string(),
      online: z.boolean(),
      tags: z.array(z.string()),
      approvedRoutes: z.array(z.string()),
      preAuthKey: z.object({ id: z.string(), ephemeral: z.boolean() }).nullable(),
    }),
  ),
});

/** A real Headscale of a test file, and the provider with a key of it. */
export class Hub {
  readonly folder = mkdtempSync(join(tmpdir(), "estate-tailnet-test-"));
  private readonly providers: WireProvider[] = [];
  private server: Headscale | undefined;
  private keyOfHand = "";

  /** @param config of the server, given the folder of the test */
  constructor(private readonly config: (folder: string) => HeadscaleConfig = () => quick) {}

  get running(): Headscale {
    if (this.server === undefined) throw new Error("the hub is not started");
    return this.server;
  }

  /** Starts it; after a stop where it was, with what it had. */
  async start(): Promise<void> {
    const { headscale: binary } = await obtainBinaries();
    this.server = await startHeadscale({
      binary,
      directory: join(this.folder, "hub"),
      config: this.config(this.folder),
    });
    if (this.keyOfHand === "") this.keyOfHand = await this.server.createApiKey("1h");
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }

  /** Ends everything, for the end of a test file. */
  async remove(): Promise<void> {
    for (const provider of this.providers) provider.stop();
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A provider of this hub, with a key of its own unless another is given. */
  async provider(config: Known = {}): Promise<WireProvider> {
    const apiKey = config["apiKey"] ?? (await this.running.createApiKey("1h"));
    const provider = await new WireProvider().start({ endpoint: this.running.url, ...config, apiKey });
    this.providers.push(provider);
    return provider;
  }

  /** What another person does, with another key: a call of the REST API. */
  async byHand(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.running.url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.keyOfHand}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** The node of that name as the server lists it. */
  async node(name: string): Promise<z.output<typeof listed>["nodes"][number] | undefined> {
    return listed.parse(await this.byHand("GET", "node")).nodes.find(({ givenName }) => givenName === name);
  }

  /** Lets a node of that name join without a key, as if a person had logged in; @returns its id */
  async join(name: string, user: string): Promise<string> {
    const authId = `hskey-authreq-${randomBytes(18).toString("base64url")}`;
    await this.byHand("POST", "debug/node", { user, name, key: authId, routes: [] });
    return registered.parse(await this.byHand("POST", "auth/register", { user, authId })).node.id;
  }
}

/** The message of the error that `work` must end with. */
export { messageOf } from "../../providers/support";
