import type { z } from "zod";

import type { ApiKey, HeadscaleApi, NewPreAuthKey, NewUser, Node, PreAuthKey, User } from "./api";
import { HttpClient, RefusedError, type Request } from "./http";
import { capabilitiesOf, type Capabilities } from "./versions";
import { wire } from "./wire";

/** A Headscale server over its REST API v1: https://headscale.net/0.29.1/ref/api/ */
export class ServerBackend implements HeadscaleApi {
  private probe: Promise<Capabilities> | undefined;

  constructor(
    private readonly http: HttpClient,
    private readonly assumeVersion?: string,
  ) {}

  now(): Date {
    return new Date();
  }

  users(): Promise<readonly User[]> {
    return this.call(wire.users, get("listing the users", "user"));
  }

  createUser({ name, displayName, email }: NewUser): Promise<User> {
    return this.call(wire.user, post(`creating the user ${name}`, "user", { name, displayName, email }));
  }

  async renameUser(id: string, name: string): Promise<void> {
    const path = `user/${encodeURIComponent(id)}/rename/${encodeURIComponent(name)}`;
    await this.call(wire.nothing, { ...post(`renaming user ${id} to ${name}`, path, {}), repeatable: true });
  }

  deleteUser(id: string): Promise<void> {
    return this.remove(`deleting user ${id}`, `user/${encodeURIComponent(id)}`);
  }

  preAuthKeys(): Promise<readonly PreAuthKey[]> {
    return this.call(wire.preAuthKeys, get("listing the pre-auth keys", "preauthkey"));
  }

  async createPreAuthKey(key: NewPreAuthKey): Promise<{ id: string; key: string }> {
    const { user, reusable, ephemeral, expiration, tags } = key;
    // Without an expiration 0.29 stores the zero time, and the key is expired from the start.
    const body = { ...(user === undefined ? {} : { user }), reusable, ephemeral, expiration, aclTags: tags };
    const made = await this.call(wire.preAuthKey, post("creating a pre-auth key", "preauthkey", body));
    return { id: made.id, key: made.masked };
  }

  async expirePreAuthKey(id: string): Promise<void> {
    const request = post(`expiring pre-auth key ${id}`, "preauthkey/expire", { id });
    await this.call(wire.nothing, { ...request, repeatable: true });
  }

  deletePreAuthKey(id: string): Promise<void> {
    return this.remove(`deleting pre-auth key ${id}`, `preauthkey?id=${encodeURIComponent(id)}`);
  }

  apiKeys(): Promise<readonly ApiKey[]> {
    return this.call(wire.apiKeys, get("listing the API keys", "apikey"));
  }

  async createApiKey(expiration: string): Promise<{ id: string; prefix: string; key: string }> {
    const key = await this.call(wire.apiKey, post("creating an API key", "apikey", { expiration }));
    const made = (await this.apiKeys()).find(({ prefix }) => prefix !== "" && key.startsWith(`hskey-api-${prefix}-`));
    if (made === undefined) throw new Error("creating an API key: the server made one but does not list it");
    return { id: made.id, prefix: made.prefix, key };
  }

  deleteApiKey(prefix: string): Promise<void> {
    return this.remove(`deleting API key ${prefix}`, `apikey/${encodeURIComponent(prefix)}`);
  }

  async policy(): Promise<string | undefined> {
    try {
      return await this.call(wire.policy, get("reading the policy", "policy"));
    } catch (error) {
      if (error instanceof RefusedError && /acl policy not found$/.test(error.said)) return undefined;
      throw error;
    }
  }

  async checkPolicy(policy: string): Promise<void> {
    await this.call(wire.nothing, { ...post("checking the policy", "policy/check", { policy }), repeatable: true });
  }

  async setPolicy(policy: string): Promise<void> {
    await this.call(wire.nothing, {
      doing: "setting the policy",
      method: "PUT",
      path: "policy",
      body: { policy },
      repeatable: true,
    });
  }

  releasePolicy(): Promise<void> {
    return Promise.resolve();
  }

  nodes(): Promise<readonly Node[]> {
    return this.call(wire.nodes, get("listing the nodes", "node"));
  }

  async setTags(node: string, tags: readonly string[]): Promise<void> {
    const request = post(`setting the tags of node ${node}`, `node/${encodeURIComponent(node)}/tags`, { tags });
    await this.call(wire.nothing, { ...request, repeatable: true });
  }

  async approveRoutes(node: string, routes: readonly string[]): Promise<void> {
    const request = post(`approving routes of node ${node}`, `node/${encodeURIComponent(node)}/approve_routes`, {
      routes,
    });
    await this.call(wire.nothing, { ...request, repeatable: true });
  }

  expect(): Promise<void> {
    return Promise.resolve();
  }

  expected(): Promise<"not kept"> {
    return Promise.resolve("not kept");
  }

  unexpect(): Promise<void> {
    return Promise.resolve();
  }

  private async remove(doing: string, path: string): Promise<void> {
    try {
      await this.call(wire.nothing, { doing, method: "DELETE", path, repeatable: true });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  private async call<T extends z.ZodType>(schema: T, request: Request): Promise<z.output<T>> {
    await this.supported();
    const answer = schema.safeParse(await this.http.send({ ...request, path: `/api/v1/${request.path}` }));
    if (answer.success) return answer.data;
    const [issue] = answer.error.issues;
    throw new Error(
      `${request.doing}: the answer of the Headscale server is not what 0.29 sends ` +
        `(${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"})`,
    );
  }

  /** Asked once, before the first call; a failure is not kept, so that a server that was down is asked again. */
  private supported(): Promise<Capabilities> {
    this.probe ??= this.version().catch((error: unknown) => {
      this.probe = undefined;
      throw error;
    });
    return this.probe;
  }

  private async version(): Promise<Capabilities> {
    const request: Request = { doing: "asking for the version", method: "GET", path: "/version", repeatable: true };
    try {
      const { version } = wire.version.catch({ version: "" }).parse(await this.http.send(request));
      return capabilitiesOf(version, this.assumeVersion);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return capabilitiesOf(undefined, this.assumeVersion);
      throw error;
    }
  }
}

function get(doing: string, path: string): Request {
  return { doing, method: "GET", path, repeatable: true };
}

/** A POST makes something new: without an answer nobody knows whether it did, so it is not made again. */
function post(doing: string, path: string, body: object): Request {
  return { doing, method: "POST", path, body, repeatable: false };
}

/**
 * Users and API keys that are not there are HTTP 500, nodes 404, and a pre-auth key that is not there is deleted without a
 * word. It counts only in Headscale's own words: a proxy's 404 says nothing.
 */
function isMissing(error: unknown): boolean {
  return error instanceof RefusedError && /^(user|record|node) not found$/.test(error.said);
}
