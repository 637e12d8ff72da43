import type { ClientHttp2Session } from "node:http2";
import { z } from "zod";
import { capabilityVersion, connectControl } from "./controlStream";
import { newKeyPair } from "./noise";

const portRange = z.object({ First: z.number(), Last: z.number() });
export const filterRule = z.object({
  SrcIPs: z.array(z.string()).nullable(),
  DstPorts: z
    .array(z.object({ IP: z.string(), Bits: z.number().nullish(), Ports: portRange }))
    .nullish()
    .transform((ports) => ports ?? []),
  IPProto: z.array(z.number()).nullish(),
  CapGrant: z.unknown().optional(),
});
/** A rule of a compiled packet filter: tailcfg.FilterRule, the fields that packets are held against. */
export type FilterRule = z.infer<typeof filterRule>;

export const sshRule = z.object({
  principals: z.array(z.object({ nodeIP: z.string().optional(), any: z.boolean().optional() })).nullish(),
  sshUsers: z.record(z.string(), z.string()).nullish(),
  action: z.object({
    accept: z.boolean().optional(),
    reject: z.boolean().optional(),
    holdAndDelegate: z.string().optional(),
  }),
});
/** A rule of a compiled SSH policy: tailcfg.SSHRule. */
export type SshRule = z.infer<typeof sshRule>;

const peer = z.object({
  ID: z.number(),
  Name: z.string(),
  Addresses: z.array(z.string()).nullish(),
  AllowedIPs: z.array(z.string()).nullish(),
});
/** Another node as this one is told of it: tailcfg.Node. */
export type Peer = z.infer<typeof peer>;

const mapResponse = z.object({
  KeepAlive: z.boolean().optional(),
  Node: peer.extend({ Tags: z.array(z.string()).nullish() }).nullish(),
  Peers: z.array(peer).nullish(),
  PeersChanged: z.array(peer).nullish(),
  PeersRemoved: z.array(z.number()).nullish(),
  PacketFilters: z.record(z.string(), z.array(filterRule).nullable()).nullish(),
  SSHPolicy: z.object({ rules: z.array(sshRule).nullish() }).nullish(),
});
type MapResponse = z.infer<typeof mapResponse>;

const registration = z.object({ MachineAuthorized: z.boolean(), Error: z.string().optional() });

/** What a node knows of its tailnet. */
export interface NodeView {
  readonly addresses: readonly string[];
  readonly filter: readonly FilterRule[];
  readonly ssh: readonly SshRule[];
  readonly peers: ReadonlyMap<number, Peer>;
}

export interface NodeRequest {
  readonly url: string;
  readonly hostname: string;
  readonly authKey: string;
  /** CIDRs it offers to route. @default none */
  readonly routes?: readonly string[];
}

/**
 * A node of a real control server that moves no packets: it registers and listens by the real protocol, and remembers what
 * the server tells it. Light enough for a dozen of them in one test.
 */
export class ProtocolNode {
  private view: NodeView = { addresses: [], filter: [], ssh: [], peers: new Map() };
  private waiters: { readonly check: (view: NodeView) => boolean; readonly done: () => void }[] = [];

  private constructor(
    private readonly session: ClientHttp2Session,
    readonly hostname: string,
  ) {}

  /** Registers a node and waits for its first view of the tailnet. */
  static async join(request: NodeRequest): Promise<ProtocolNode> {
    const session = await connectControl(request.url, newKeyPair());
    const node = new ProtocolNode(session, request.hostname);
    const keys = {
      Version: capabilityVersion,
      NodeKey: `nodekey:${newKeyPair().open.toString("hex")}`,
      Hostinfo: { Hostname: request.hostname, OS: "linux", RoutableIPs: request.routes ?? [] },
    };
    const auth = { Auth: { AuthKey: request.authKey }, Expiry: "0001-01-01T00:00:00Z" };
    const { MachineAuthorized, Error: reason } = registration.parse(
      await node.ask("/machine/register", { ...keys, ...auth }),
    );
    if (!MachineAuthorized) throw new Error(`${request.hostname} was not let in: ${reason ?? "no reason given"}`);
    const disco = { DiscoKey: `discokey:${newKeyPair().open.toString("hex")}` };
    node.listen({ ...keys, ...disco, Stream: true, KeepAlive: true });
    await node.until(({ addresses }) => addresses.length > 0);
    return node;
  }

  get current(): NodeView {
    return this.view;
  }

  /** Waits until the server has told it something; at most so many milliseconds. */
  until(check: (view: NodeView) => boolean, limit = 15_000): Promise<void> {
    if (check(this.view)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`The server did not tell ${this.hostname} in ${limit / 1000} s what it waited for`));
      }, limit);
      const done = (): void => {
        clearTimeout(late);
        resolve();
      };
      this.waiters.push({ check, done });
    });
  }

  close(): void {
    this.session.destroy();
  }

  private ask(path: string, body: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.once("error", reject);
      stream.once("end", () => {
        resolve(JSON.parse(Buffer.concat(parts).toString()));
      });
      stream.end(JSON.stringify(body));
    });
  }

  /** The answer to a streaming map request: a length (32 bits, little-endian), then so much JSON, again and again. */
  private listen(body: object): void {
    const stream = this.session.request({ ":method": "POST", ":path": "/machine/map" });
    let waiting = Buffer.alloc(0);
    stream.on("data", (part: Buffer) => {
      waiting = Buffer.concat([waiting, part]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32LE(0)) {
        const end = 4 + waiting.readUInt32LE(0);
        this.take(mapResponse.parse(JSON.parse(waiting.toString("utf8", 4, end))));
        waiting = waiting.subarray(end);
      }
    });
    stream.end(JSON.stringify(body));
  }

  private take(said: MapResponse): void {
    if (said.KeepAlive === true) return;
    const { view } = this;
    const addresses = said.Node?.Addresses?.map((cidr) => cidr.replace(/\/\d+$/, ""));
    this.view = {
      addresses: addresses ?? view.addresses,
      // A null set is removed, one that is not named stays: tailcfg.MapResponse. Headscale has only one, "base".
      filter:
        said.PacketFilters === null || said.PacketFilters === undefined ? view.filter : rulesOf(said.PacketFilters),
      ssh: said.SSHPolicy === null || said.SSHPolicy === undefined ? view.ssh : (said.SSHPolicy.rules ?? []),
      peers: peersOf(view.peers, said),
    };
    const [done, waiting] = [
      this.waiters.filter(({ check }) => check(this.view)),
      this.waiters.filter(({ check }) => !check(this.view)),
    ];
    this.waiters = waiting;
    done.forEach((waiter) => {
      waiter.done();
    });
  }
}

function rulesOf(filters: Readonly<Record<string, FilterRule[] | null>>): FilterRule[] {
  return Object.values(filters).flatMap((rules) => rules ?? []);
}

function peersOf(known: NodeView["peers"], said: MapResponse): NodeView["peers"] {
  const start = said.Peers === null || said.Peers === undefined ? [...known.values()] : said.Peers;
  const removed = new Set(said.PeersRemoved ?? []);
  const peers = new Map(start.filter(({ ID }) => !removed.has(ID)).map((each) => [each.ID, each]));
  said.PeersChanged?.forEach((each) => peers.set(each.ID, each));
  return peers;
}
