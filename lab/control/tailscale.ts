import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { capture, type Daemon, startDaemon, stopDaemon, waitFor, writeDaemon } from "./daemon";
import { freeTcpPort, freeUdpPort } from "./ports";
import { socketPath } from "./sockets";

export interface ClientRequest {
  /** The tailscaled binary. */
  readonly daemon: string;
  /** The tailscale binary. */
  readonly cli: string;
  /** Where it keeps its state, log and pid. */
  readonly directory: string;
  /** UDP port of WireGuard. @default one that is free */
  readonly port?: number;
  /** Whether it outlives this process. @default false */
  readonly detached?: boolean;
  /** Certificate (PEM file) of the authority that it trusts. @default none: the hub it joins has no TLS */
  readonly authority?: string;
}

/** How a client joins. */
export interface JoinRequest {
  readonly loginServer: string;
  /** File with the key: command lines are seen by everybody on the machine. */
  readonly authKeyFile: string;
  readonly hostname: string;
  /** CIDRs it offers to route; 0.0.0.0/0 and ::/0 offer an exit node. @default none */
  readonly advertiseRoutes?: readonly string[];
  /** Use the routes others offer. @default false */
  readonly acceptRoutes?: boolean;
  /** Serve SSH to the tailnet. @default false */
  readonly ssh?: boolean;
}

const node = z.object({
  ID: z.string(),
  HostName: z.string(),
  TailscaleIPs: z.array(z.string()).nullish(),
  Tags: z.array(z.string()).nullish(),
  AllowedIPs: z.array(z.string()).nullish(),
  PrimaryRoutes: z.array(z.string()).nullish(),
  Online: z.boolean(),
});
const statusSchema = z.object({
  BackendState: z.string(),
  Self: node,
  Peer: z.record(z.string(), node).nullish(),
});

/** A node of the tailnet as a client sees it. */
export type ClientNode = z.infer<typeof node>;
/** What `tailscale status` says, the part that is used. */
export type ClientStatus = z.infer<typeof statusSchema>;

/** A real client, in user space and on loopback. */
export interface Client {
  readonly directory: string;
  readonly pid: number;
  readonly log: string;
  /** Port of its SOCKS5 proxy on 127.0.0.1: connections through it go into the tailnet. */
  readonly socks: number;
  /** Joins a tailnet, or changes how it has joined. Returns when it is connected. */
  up(request: JoinRequest): Promise<void>;
  status(): Promise<ClientStatus>;
  /** Its first address in the tailnet. */
  address(): Promise<string>;
  /** Whether a node of the tailnet answers, by the tailnet's own ping, which no policy governs. */
  ping(name: string): Promise<boolean>;
  logout(): Promise<void>;
  cli(args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/**
 * What keeps a client on the machine (tailscale 1.92): no logs to log.tailscale.com, no port mapping asked of a router, the
 * hub's relay in place of direct packets between UDP sockets.
 */
const homely = {
  TS_NO_LOGS_NO_SUPPORT: "true",
  TS_DISABLE_PORTMAPPER: "true",
  TS_DEBUG_ALWAYS_USE_DERP: "true",
  TS_PANIC_IF_HIT_MAIN_CONTROL: "true",
} as const;
const withoutTls = { TS_DEBUG_USE_DERP_HTTP: "true" } as const;

/** Starts a client and waits until it can be told to join. */
export async function startClient(request: ClientRequest): Promise<Client> {
  const { daemon: program, cli: tailscale, directory, authority, detached = false } = request;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const socket = socketPath(directory, "tailscaled.sock");
  const log = join(directory, "tailscaled.log");
  const socks = await freeTcpPort();
  const port = request.port ?? (await freeUdpPort());
  const daemon = startDaemon({
    program,
    args: [
      "--tun=userspace-networking",
      `--socket=${socket}`,
      `--statedir=${directory}`,
      `--port=${port}`,
      `--socks5-server=127.0.0.1:${socks}`,
      "--no-logs-no-support",
    ],
    directory,
    log,
    env: { ...homely, ...(authority === undefined ? withoutTls : { SSL_CERT_FILE: authority }) },
    detached,
  });
  writeDaemon(join(directory, "tailscaled.pid"), daemon);
  const cli = (args: readonly string[]) => capture(tailscale, [`--socket=${socket}`, ...args]);
  await waitFor("tailscaled must answer", daemon, log, () => succeeds(cli(["status", "--json"])));
  return handle({ directory, log, socks, cli }, daemon);
}

function handle(parts: Pick<Client, "directory" | "log" | "socks" | "cli">, daemon: Daemon): Client {
  const { cli } = parts;
  const status = async () => statusSchema.parse(JSON.parse(await cli(["status", "--json"])));
  return {
    ...parts,
    pid: daemon.pid,
    up: async (request) => {
      await cli(upArguments(request));
    },
    status,
    address: async () => {
      const [first] = (await status()).Self.TailscaleIPs ?? [];
      if (first === undefined) throw new Error(`The client in ${parts.directory} has no address: it has not joined`);
      return first;
    },
    ping: (name) => pings(cli, name),
    logout: async () => {
      await cli(["logout"]);
    },
    stop: () => stopDaemon(daemon),
  };
}

/** The command line of a join. `--reset` makes what is not said here the default again. */
export function upArguments(request: JoinRequest): string[] {
  const { loginServer, authKeyFile, hostname, advertiseRoutes = [], acceptRoutes = false, ssh = false } = request;
  return [
    "up",
    "--reset",
    `--login-server=${loginServer}`,
    `--auth-key=file:${authKeyFile}`,
    `--hostname=${hostname}`,
    `--advertise-routes=${advertiseRoutes.join(",")}`,
    `--accept-routes=${acceptRoutes}`,
    `--ssh=${ssh}`,
    // The machine's own resolver stays as it is.
    "--accept-dns=false",
    "--timeout=25s",
  ];
}

/** A few tries: the first may be sent before a new node is known on both sides. */
async function pings(cli: Client["cli"], name: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await succeeds(cli(["ping", "--c=1", "--timeout=2s", "--until-direct=false", name]))) return true;
  }
  return false;
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}
