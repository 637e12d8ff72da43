/** An emulator of Proxmox VE, good enough for the real Proxmox provider: its API over HTTPS, and SSH for snippets. */
import { mkdirSync } from "node:fs";
import type { Server as HttpsServer } from "node:https";
import type { Server as NetServer } from "node:net";
import { dirname, join } from "node:path";
import { ensureAuthority, issueCertificate } from "../machines/authority";
import { Access, type Credentials } from "./access";
import type { Hooks, VmEvent } from "./emulation";
import { makeServer } from "./server";
import { hostKeyIn, makeSshServer } from "./ssh";
import type { Cluster, State } from "./state";
import { Store } from "./store";
import { Tasks } from "./tasks";
import { eventOf } from "./vm.event";

export type { Credentials, TokenGrant } from "./access";
export { clusterOf } from "./cluster";
export type { Download, Hooks, PassedDevice, VmEvent } from "./emulation";
export type { Cluster, State } from "./state";

const loopback = "127.0.0.1";

export interface ProxmoxOptions extends Hooks {
  /** Folder for the state, the host key and the nodes' files; nothing outside of it is written. */
  readonly directory: string;
  /** Folder of the lab's certificate authority, which signs the API's certificate. */
  readonly authority: string;
  /** Nodes and storages. Those that the state has are as it says; what came since is added. */
  readonly cluster: Cluster;
  readonly credentials: Credentials;
  /** Public key that root may log in with over SSH, OpenSSH format. */
  readonly authorizedKey: string;
  /** Port of the API. @default a free one */
  readonly port?: number;
  /** Port of each node's SSH server, so that a restart leaves what the provider was told as it is. @default free ones */
  readonly sshPorts?: Readonly<Record<string, number>>;
  /** Told of every request (no contents), and of what is refused over SSH. @default nobody */
  readonly say?: (line: string) => void;
}

/** A cluster that runs. */
export interface Proxmox {
  /** "https://127.0.0.1:PORT/" */
  readonly endpoint: string;
  /** Certificate of the authority, PEM file. */
  readonly trusted: string;
  /** Where each node's SSH server listens, for the provider's ssh.nodes. */
  readonly ssh: Readonly<Record<string, { readonly address: string; readonly port: number }>>;
  /** The state's file, which may be edited by hand at any time. */
  readonly stateFile: string;
  read(): State;
  /** The VMs that are switched on: after a restart, those that the lab is to bring up again. */
  running(): VmEvent[];
  /** Changes the state behind everybody's back. */
  edit(change: (state: State) => void): void;
  /** Waits for the tasks that run, then stops listening. */
  close(): Promise<void>;
}

/**
 * Starts the emulator, on loopback only. A restart on the same folder finds everything as it was; a task that was interrupted
 * has failed, and no hook is called for a VM that is on already: `running` names those.
 *
 * @throws Error when a port is taken
 */
export async function startProxmox(options: ProxmoxOptions): Promise<Proxmox> {
  const { directory, authority, cluster, credentials, authorizedKey, say = () => undefined } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const store = new Store(join(directory, "proxmox.json"), cluster);
  const tasks = new Tasks(store);
  const trusted = await ensureAuthority(authority);
  const { certificate, key } = await issueCertificate(trusted);
  const served = {
    store,
    tasks,
    access: new Access(credentials),
    emulation: { ...options, root: directory },
    onRequest: say,
  };
  const https = makeServer(served, { cert: certificate, key });
  const servers: Closing[] = [https];
  const close = async (): Promise<void> => {
    await tasks.settled();
    https.closeAllConnections();
    await Promise.all(servers.map(closed));
  };
  try {
    const apiPort = await listen(https, options.port ?? 0);
    tasks.settleInterrupted();
    const hostKey = hostKeyIn(directory);
    const ssh: Record<string, { address: string; port: number }> = {};
    for (const node of Object.keys(store.read().nodes)) {
      const server = makeSshServer({ node, root: directory, store, authorizedKey, hostKey, say });
      servers.push(server);
      ssh[node] = { address: loopback, port: await listen(server, options.sshPorts?.[node] ?? 0) };
    }
    return { endpoint: `https://${loopback}:${apiPort}/`, trusted: trusted.certificate, ssh, ...views(store), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How the state is seen and changed from outside. */
function views(store: Store): Pick<Proxmox, "stateFile" | "read" | "running" | "edit"> {
  return {
    stateFile: store.path,
    read: () => store.read(),
    running: () => {
      const state = store.read();
      const on = Object.entries(state.vms).filter(([, { status }]) => status === "running");
      return on.map(([vmid]) => eventOf(state, dirname(store.path), vmid));
    },
    edit: (change) => {
      store.update(change);
    },
  };
}

interface Closing {
  close(done: () => void): unknown;
}

function closed(server: Closing): Promise<void> {
  return new Promise((done) =>
    server.close(() => {
      done();
    }),
  );
}

type Listening = Pick<HttpsServer | NetServer, "listen" | "address" | "once">;

function listen(server: Listening, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, loopback, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
