import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHeadscale } from "../../../lab/control/headscale";
import { Api, type ApiNode } from "./api";
import { type Inhabitant, population, tags, users } from "./population";
import { PolicySetter } from "./policySetter";
import { ProtocolNode } from "./protocolNode";
import { obtainBinaries } from "./tools";

/** A node of a real server: what it was made as, what the server says it is, and what the server tells it. */
export interface Member {
  readonly inhabitant: Inhabitant;
  readonly listed: ApiNode;
  readonly node: ProtocolNode;
}

export interface Tailnet {
  readonly policy: PolicySetter;
  readonly members: readonly Member[];
  stop(): Promise<void>;
}

/** Answers at once, so that a test of hundreds of policies does not wait for batches; no probes of nodes that are none. */
const hasty = {
  prefixes: { v4: "100.64.0.0/10", v6: "fd7a:115c:a1e0::/48", allocation: "sequential" },
  dns: { magic_dns: false, base_domain: "lab.internal" },
  policy: { mode: "database" },
  log: { level: "warn" },
  tuning: { batch_change_delay: "2ms", node_store_batch_timeout: "2ms" },
  node: { routes: { ha: { probe_interval: "0s" } } },
};

/** A real server with the whole population joined, its routes approved. */
export async function startTailnet(): Promise<Tailnet> {
  const { headscale } = await obtainBinaries();
  const directory = mkdtempSync(join(tmpdir(), "estate-differential-"));
  const server = await startHeadscale({ binary: headscale, directory, config: hasty });
  const api = new Api(server.url, await server.createApiKey("2h"));
  const policy = new PolicySetter(server.socket);
  const nodes: ProtocolNode[] = [];
  const stop = async (): Promise<void> => {
    nodes.forEach((node) => {
      node.close();
    });
    policy.close();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    // A tag can be given only while the policy has an owner for it; with no rule yet, nobody reaches anybody.
    const tagOwners = Object.fromEntries(tags.map((tag) => [tag, ["ada@"]]));
    await policy.set(JSON.stringify({ tagOwners, acls: [] }));
    const ids = new Map<string, string>();
    for (const user of users) ids.set(user.name, await api.createUser(user));
    for (const inhabitant of population) nodes.push(await joinOne(server.url, api, ids, inhabitant));
    for (const { id, name } of await api.nodes()) await approve(api, id, name);
    return { policy, members: await pair(api, nodes), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function joinOne(url: string, api: Api, ids: ReadonlyMap<string, string>, inhabitant: Inhabitant) {
  const { name, user, tags: own = [], routes = [] } = inhabitant;
  const id = user === undefined ? undefined : ids.get(user);
  const authKey = await api.createKey({ user: id, tags: own });
  return ProtocolNode.join({ url, hostname: name, authKey, routes });
}

async function approve(api: Api, id: string, name: string): Promise<void> {
  const { routes = [], approved = routes } = population.find((inhabitant) => inhabitant.name === name) ?? {};
  if (approved.length > 0) await api.approveRoutes(id, approved);
}

async function pair(api: Api, nodes: readonly ProtocolNode[]): Promise<Member[]> {
  const listed = await api.nodes();
  return population.map((inhabitant, index) => {
    const [node, entry] = [nodes[index], listed.find(({ name }) => name === inhabitant.name)];
    if (node === undefined || entry === undefined) throw new Error(`${inhabitant.name} is not in the tailnet`);
    return { inhabitant, listed: entry, node };
  });
}
