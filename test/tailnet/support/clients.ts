import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headscale, startHeadscale } from "../../../lab/control/headscale";
import { type Client, startClient } from "../../../lab/control/tailscale";
import { Api, type ApiNode } from "./api";
import { PolicySetter } from "./policySetter";
import { obtainBinaries } from "./tools";

/** A real client to start: of a user or with tags, with the routes it offers. */
export interface ClientSpec {
  readonly name: string;
  readonly user?: string;
  readonly tags?: readonly string[];
  readonly routes?: readonly string[];
}

/** A real server with real clients. */
export interface Network {
  readonly clients: ReadonlyMap<string, Client>;
  readonly nodes: readonly ApiNode[];
  /** Sets a policy. @throws Error when the server refuses it */
  setPolicy(policy: object): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server with a policy, and clients that join it by keys of their own. */
export async function startNetwork(policy: object, specs: readonly ClientSpec[]): Promise<Network> {
  const binaries = await obtainBinaries();
  const directory = mkdtempSync(join(tmpdir(), "estate-packets-"));
  const started: { stop(): Promise<void> | void }[] = [];
  const stop = async (): Promise<void> => {
    // In reverse, the server last.
    for (const one of started.reverse()) await one.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const server = await startHeadscale({ binary: binaries.headscale, directory: join(directory, "hub") });
    started.push(server);
    const setter = new PolicySetter(server.socket);
    started.push({
      stop: () => {
        setter.close();
      },
    });
    const setPolicy = async (next: object): Promise<void> => {
      const refusal = await setter.set(JSON.stringify(next));
      if (refusal !== undefined) throw new Error(refusal);
    };
    await setPolicy(policy);
    const api = new Api(server.url, await server.createApiKey("1h"));
    const files = await writeKeys(api, directory, specs);
    const clients = await Promise.all(
      specs.map(async (spec): Promise<[string, Client]> => {
        const client = await startClient({
          daemon: binaries.tailscaled,
          cli: binaries.tailscale,
          directory: join(directory, spec.name),
        });
        started.push(client);
        await joinServer(client, server, spec, files.get(spec.name) ?? "");
        return [spec.name, client];
      }),
    );
    return { clients: new Map(clients), nodes: await api.nodes(), setPolicy, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function joinServer(client: Client, server: Headscale, { name, routes = [] }: ClientSpec, authKeyFile: string) {
  return client.up({
    loginServer: server.url,
    authKeyFile,
    hostname: name,
    advertiseRoutes: routes,
    acceptRoutes: true,
  });
}

/** A file with a key for each client; users are made on the way. */
async function writeKeys(api: Api, directory: string, specs: readonly ClientSpec[]): Promise<Map<string, string>> {
  const users = new Map<string, string>();
  const files = new Map<string, string>();
  for (const { name, user, tags = [] } of specs) {
    if (user !== undefined && !users.has(user)) users.set(user, await api.createUser({ name: user }));
    const id = user === undefined ? undefined : users.get(user);
    const file = join(directory, `${name}.key`);
    writeFileSync(file, await api.createKey({ user: id, tags }), { mode: 0o600 });
    files.set(name, file);
  }
  return files;
}
