import { derive } from "../../../lab/world";
import type { Known } from "../../common/values";
import type { WorldStore } from "../../common/worldStore";

import type { ApiKey, Expectation, HeadscaleApi, NewPreAuthKey, NewUser, Node, PreAuthKey, User } from "./api";

const types = {
  user: "headscale:index:User",
  preAuthKey: "headscale:index:PreAuthKey",
  apiKey: "headscale:index:ApiKey",
  policy: "headscale:index:Policy",
  /** Machines that have joined. No resource makes them: add one by hand to play a machine that joins. */
  node: "headscale:index:Node",
} as const;

const policyId = "policy";
const keySecrets = new Set(["key"]);

/**
 * A simulated Headscale server: it answers from the world file, nothing listens anywhere and no machine can join it. What
 * the file holds is what the server "has", so editing it by hand plays a change behind the program's back.
 */
export class WorldBackend implements HeadscaleApi {
  constructor(
    private readonly store: WorldStore,
    readonly now: () => Date = () => new Date(),
  ) {}

  users(): Promise<readonly User[]> {
    return this.list(types.user, (id, object) => {
      const { name, displayName, email } = texts(object);
      return { id, name: name ?? "", displayName: displayName ?? "", email: email ?? "", external: false };
    });
  }

  async createUser(user: NewUser): Promise<User> {
    const taken = (others: readonly Known[]): string | undefined =>
      others.some(({ name }) => name === user.name)
        ? `creating the user ${user.name}: there is one of this name already`
        : undefined;
    return { id: await this.store.add(types.user, user, new Set(), taken), ...user, external: false };
  }

  async renameUser(id: string, name: string): Promise<void> {
    await this.change(types.user, id, { name });
  }

  deleteUser(id: string): Promise<void> {
    return this.store.remove(types.user, id);
  }

  preAuthKeys(): Promise<readonly PreAuthKey[]> {
    return this.list(types.preAuthKey, (id, object) => ({
      id,
      user: texts(object)["user"],
      tags: list(object, "tags"),
      reusable: object["reusable"] === true,
      ephemeral: object["ephemeral"] === true,
      used: object["used"] === true,
      expiration: texts(object)["expiration"],
      masked: `hskey-auth-${id}-***`,
    }));
  }

  async createPreAuthKey(wanted: NewPreAuthKey): Promise<{ id: string; key: string }> {
    const key = this.makeKey("hskey-auth-", types.preAuthKey, wanted.expiration, wanted.tags.join(" "));
    const id = await this.store.add(types.preAuthKey, { ...wanted, used: false, key }, keySecrets);
    return { id, key };
  }

  expirePreAuthKey(id: string): Promise<void> {
    return this.change(types.preAuthKey, id, { expiration: this.now().toISOString() });
  }

  deletePreAuthKey(id: string): Promise<void> {
    return this.store.remove(types.preAuthKey, id);
  }

  apiKeys(): Promise<readonly ApiKey[]> {
    return this.list(types.apiKey, (id, object) => {
      const { prefix, expiration } = texts(object);
      return { id, prefix: prefix ?? "", expiration };
    });
  }

  async createApiKey(expiration: string): Promise<{ id: string; prefix: string; key: string }> {
    const key = this.makeKey("hskey-api-", types.apiKey, expiration, "");
    const prefix = derive(this.store.salt(), types.apiKey, expiration).slice(0, 12);
    const id = await this.store.add(types.apiKey, { prefix, expiration, key }, keySecrets);
    return { id, prefix, key };
  }

  async deleteApiKey(prefix: string): Promise<void> {
    for (const key of await this.apiKeys()) if (key.prefix === prefix) await this.store.remove(types.apiKey, key.id);
  }

  policy(): Promise<string | undefined> {
    const object = this.store.get(types.policy, policyId);
    return Promise.resolve(object === undefined ? undefined : texts(object)["policy"]);
  }

  /** The simulator understands no policies: everything the provider itself lets through is taken. */
  checkPolicy(): Promise<void> {
    return Promise.resolve();
  }

  setPolicy(policy: string): Promise<void> {
    return this.store.put(types.policy, policyId, { policy });
  }

  releasePolicy(): Promise<void> {
    return this.store.remove(types.policy, policyId);
  }

  nodes(): Promise<readonly Node[]> {
    return this.list(types.node, nodeOf);
  }

  setTags(node: string, tags: readonly string[]): Promise<void> {
    return this.change(types.node, node, { tags });
  }

  approveRoutes(node: string, approvedRoutes: readonly string[]): Promise<void> {
    return this.change(types.node, node, { approvedRoutes });
  }

  expect(what: Expectation, node: string, values: readonly string[]): Promise<void> {
    return this.store.put(`headscale:index:${what}`, node, { node, [property(what)]: values });
  }

  expected(what: Expectation, node: string): Promise<readonly string[] | undefined> {
    const object = this.store.get(`headscale:index:${what}`, node);
    return Promise.resolve(object === undefined ? undefined : list(object, property(what)));
  }

  unexpect(what: Expectation, node: string): Promise<void> {
    return this.store.remove(`headscale:index:${what}`, node);
  }

  private list<T>(type: string, read: (id: string, object: Known) => T): Promise<readonly T[]> {
    return Promise.resolve(this.store.all(type).map(([id, object]) => read(id, object)));
  }

  private async change(type: string, id: string, values: object): Promise<void> {
    const object = this.store.get(type, id);
    if (object === undefined) throw new Error(`${type} ${id} is not in the simulated world`);
    await this.store.put(type, id, { ...object, ...values });
  }

  /** Says what it is, so that nobody takes it for a key of a real server. */
  private makeKey(prefix: string, ...parts: readonly string[]): string {
    return `${prefix}simulated-${derive(this.store.salt(), ...parts).slice(0, 48)}`;
  }
}

/** A machine as a person wrote it into the world: all but its name may be missing. */
function nodeOf(id: string, object: Known): Node {
  const { givenName = id, hostname, user, lastSeen, expiry, preAuthKey } = texts(object);
  const tags = list(object, "tags");
  return {
    id,
    givenName,
    hostname: hostname ?? givenName,
    user: tags.length > 0 ? undefined : user,
    tags,
    addresses: list(object, "addresses"),
    approvedRoutes: list(object, "approvedRoutes"),
    availableRoutes: list(object, "availableRoutes"),
    online: object["online"] === true,
    lastSeen,
    expiry,
    preAuthKey,
    ephemeral: object["ephemeral"] === true,
  };
}

function property(what: Expectation): "tags" | "routes" {
  return what === "NodeTags" ? "tags" : "routes";
}

function texts(object: Known): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

function list(object: Known, key: string): readonly string[] {
  const value = object[key];
  return Array.isArray(value) ? value.flatMap((item) => (typeof item === "string" ? [item] : [])) : [];
}
