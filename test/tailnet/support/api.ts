import { z } from "zod";

/** The REST API of a headscale, as little of it as the tests need: it knows nothing of the provider's client. */
export class Api {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  async createUser(user: { readonly name: string; readonly email?: string }): Promise<string> {
    const answer = await this.send("POST", "user", user);
    return z.object({ user: z.object({ id: z.string() }) }).parse(answer).user.id;
  }

  /** A key for one node, of a user by id, or with tags, or both. */
  async createKey({ user, tags = [] }: { readonly user?: string | undefined; readonly tags?: readonly string[] }) {
    const expiration = new Date(Date.now() + 3_600_000).toISOString();
    const whose = user === undefined ? {} : { user };
    const answer = await this.send("POST", "preauthkey", { ...whose, aclTags: tags, expiration });
    return z.object({ preAuthKey: z.object({ key: z.string() }) }).parse(answer).preAuthKey.key;
  }

  async nodes(): Promise<readonly ApiNode[]> {
    return nodeList.parse(await this.send("GET", "node")).nodes;
  }

  async approveRoutes(node: string, routes: readonly string[]): Promise<void> {
    await this.send("POST", `node/${node}/approve_routes`, { routes });
  }

  private async send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.fetch(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  private fetch(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

const nodeList = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      ipAddresses: z.array(z.string()),
      tags: z.array(z.string()),
      approvedRoutes: z.array(z.string()),
      subnetRoutes: z.array(z.string()),
    }),
  ),
});
/** A node as the server lists it. */
export type ApiNode = z.infer<typeof nodeList>["nodes"][number];
