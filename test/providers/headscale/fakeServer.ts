import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** A request as it came. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Answer = { status: number; body: unknown };
type Table = Map<string, Record<string, unknown>>;

/**
 * The part of Headscale's REST API v1 that the provider uses, with the shapes of 0.29.1: names in camelCase, uint64 as
 * texts, empty lists and texts present, errors as {code, message, details} with HTTP 500, keys shown once.
 */
export class FakeServer {
  readonly seen: Seen[] = [];
  readonly users: Table = new Map();
  readonly keys: Table = new Map();
  readonly apiKeys: Table = new Map();
  readonly nodes: Table = new Map();
  readonly key = `test-${process.pid}-${Date.now()}`;
  /** Undefined stands for a server that has no such page. */
  version: string | undefined = "v0.29.1";
  policy: string | undefined;
  /** What policy/check says against a policy. */
  refusal: string | undefined;
  /** Answers that come instead of the real ones, first in first out; "drop" ends the connection without one. */
  readonly script: (Answer | "drop")[] = [];
  private counter = 0;
  private readonly server: Server = createServer((request, response) => {
    this.receive(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Requests that were made since the last time, "/version" left out. */
  requests(): string[] {
    return this.seen
      .splice(0)
      .filter(({ path }) => path !== "/version")
      .map(({ method, path }) => `${method} ${path}`);
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const { method = "", url = "" } = request;
    this.seen.push({ method, path: url, body });
    const scripted = url === "/version" ? undefined : this.script.shift();
    if (scripted === "drop") {
      request.socket.destroy();
      return;
    }
    const allowed = url === "/version" || request.headers.authorization === `Bearer ${this.key}`;
    const answer =
      scripted ?? (allowed ? this.answer(method, url, fields(body)) : { status: 401, body: "Unauthorized" });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  }

  private answer(method: string, url: string, body: Map<string, unknown>): Answer {
    const { pathname, searchParams } = new URL(url, "http://x");
    const [, , , area = "", id = "", verb = "", last = ""] = pathname.split("/");
    const call = `${method} ${area}${id === "check" || id === "" ? id : "/*"}${verb === "" ? "" : `/${verb}`}`;
    switch (pathname === "/version" ? "version" : call) {
      case "version":
        if (this.version === undefined) return { status: 404, body: "404 page not found" };
        return ok({ version: this.version, commit: "x", buildTime: "x", go: {}, dirty: false });
      case "GET user":
        return ok({ users: [...this.users.values()] });
      case "POST user":
        return ok({
          user: this.add(this.users, {
            name: "",
            displayName: "",
            email: "",
            providerId: "",
            ...Object.fromEntries(body),
          }),
        });
      case "POST user/*/rename":
        return this.change(this.users, id, { name: last }, "user not found");
      case "DELETE user/*":
        return this.remove(this.users, id, "user not found");
      case "GET preauthkey":
        return ok({ preAuthKeys: [...this.keys.values()] });
      case "POST preauthkey":
        return this.makeKey(body);
      case "DELETE preauthkey":
        // The real one says nothing when there is no such key.
        this.keys.delete(searchParams.get("id") ?? "");
        return ok({});
      case "POST preauthkey/*":
        Object.assign(this.keys.get(String(body.get("id"))) ?? {}, { expiration: new Date().toISOString() });
        return ok({});
      case "GET apikey":
        return ok({ apiKeys: [...this.apiKeys.values()] });
      case "POST apikey":
        return this.makeApiKey(body);
      case "DELETE apikey/*":
        return this.removeApiKey(id);
      case "GET policy":
        return this.policy === undefined
          ? refused("loading ACL from database: acl policy not found")
          : ok({ policy: this.policy, updatedAt: "2026-01-01T00:00:00Z" });
      case "PUT policy":
        this.policy = String(body.get("policy"));
        return ok({ policy: this.policy, updatedAt: "2026-01-01T00:00:00Z" });
      case "POST policycheck":
        return this.refusal === undefined
          ? ok({})
          : { status: 400, body: { code: 3, message: this.refusal, details: [] } };
      case "GET node":
        return ok({ nodes: [...this.nodes.values()].map((node) => ({ ...blankNode, ...node })) });
      case "POST node/*/tags":
        return this.change(this.nodes, id, { tags: body.get("tags") }, "node not found");
      case "POST node/*/approve_routes":
        return this.change(this.nodes, id, { approvedRoutes: body.get("routes") }, "node not found");
      default:
        return { status: 404, body: "404 page not found" };
    }
  }

  private makeKey(body: Map<string, unknown>): Answer {
    const user = body.has("user") ? this.users.get(String(body.get("user"))) : null;
    if (user === undefined) return refused("user not found");
    const { id } = this.add(this.keys, {
      ...{ user, used: false, reusable: body.get("reusable"), ephemeral: body.get("ephemeral") },
      ...{ expiration: body.get("expiration"), createdAt: "2026-01-01T00:00:00Z", aclTags: body.get("aclTags") },
    });
    const made = this.keys.get(id);
    if (made !== undefined) made["key"] = `hskey-auth-${id}-***`;
    return ok({ preAuthKey: { ...made, key: `hskey-auth-${id}-${"s".repeat(64)}` } });
  }

  private makeApiKey(body: Map<string, unknown>): Answer {
    const prefix = `abcdefghij${String(this.counter + 1).padStart(2, "0")}`;
    this.add(this.apiKeys, { prefix: `hskey-api-${prefix}-***`, expiration: body.get("expiration"), lastSeen: null });
    return ok({ apiKey: `hskey-api-${prefix}-${"s".repeat(64)}` });
  }

  private removeApiKey(prefix: string): Answer {
    const found = [...this.apiKeys].find(([, key]) => key["prefix"] === `hskey-api-${prefix}-***`);
    return this.remove(this.apiKeys, found?.[0] ?? "", "record not found");
  }

  private add(table: Table, object: Record<string, unknown>): { id: string } {
    this.counter += 1;
    const id = String(this.counter);
    table.set(id, { id, ...object });
    return { ...object, id };
  }

  private change(table: Table, id: string, values: object, missing: string): Answer {
    const object = table.get(id);
    if (object === undefined) return refused(missing);
    Object.assign(object, values);
    return ok({});
  }

  private remove(table: Table, id: string, missing: string): Answer {
    return table.delete(id) ? ok({}) : refused(missing);
  }
}

/** What 0.29.1 lists of a node beside its names. */
const blankNode = {
  ...{ name: "host", user: null, tags: [], ipAddresses: ["100.64.0.1"], approvedRoutes: [], availableRoutes: [] },
  ...{ online: false, lastSeen: "2026-01-01T00:00:00Z", expiry: "0001-01-01T00:00:00Z", preAuthKey: null },
};

function ok(body: object): Answer {
  return { status: 200, body };
}

function refused(message: string): Answer {
  return { status: 500, body: { code: 2, message, details: [] } };
}

function fields(body: unknown): Map<string, unknown> {
  return new Map<string, unknown>(typeof body === "object" && body !== null ? Object.entries(body) : []);
}
