import { request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { z } from "zod";
import { beginHandshake, type KeyPair, open, seal, type SessionKeys } from "./noise";

/** What the client says it is: that of tailscale 1.92 (tailcfg.CurrentCapabilityVersion). */
export const capabilityVersion = 131;

const headerLength = 3;
const largestPlain = 4096 - headerLength - 16;
const recordType = 4;

/** HTTP/2 to a control server, in the Noise session of a machine. */
export async function connectControl(url: string, machine: KeyPair): Promise<ClientHttp2Session> {
  const server = await serverKey(url);
  const { message, finish } = beginHandshake(machine, server, capabilityVersion);
  const [socket, head] = await upgrade(url, message);
  const answer = await firstBytes(socket, head, headerLength + 48);
  if (answer.readUInt8(0) !== 2) throw new Error("The control server refused the handshake");
  const keys = finish(answer.subarray(headerLength, headerLength + 48));
  const records = new Records(socket, keys, answer.subarray(headerLength + 48));
  const session = connect(url, { createConnection: () => records });
  await new Promise<void>((resolve, reject) => {
    session.once("connect", () => {
      resolve();
    });
    session.once("error", reject);
  });
  return session;
}

async function serverKey(url: string): Promise<Buffer> {
  const answer: unknown = await (await fetch(`${url}/key?v=${capabilityVersion}`)).json();
  const { publicKey } = z.object({ publicKey: z.string().startsWith("mkey:") }).parse(answer);
  return Buffer.from(publicKey.slice("mkey:".length), "hex");
}

function upgrade(url: string, handshake: Buffer): Promise<[Socket, Buffer]> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/ts2021`, {
      method: "POST",
      headers: {
        upgrade: "tailscale-control-protocol",
        connection: "upgrade",
        "x-tailscale-handshake": handshake.toString("base64"),
      },
    });
    asked.once("error", reject);
    asked.once("response", (response) => {
      reject(new Error(`The control server answered ${response.statusCode ?? 0} instead of a handshake`));
    });
    asked.once("upgrade", (_response, socket, head) => {
      socket.setNoDelay(true);
      resolve([socket, head]);
    });
    asked.end();
  });
}

function firstBytes(socket: Socket, head: Buffer, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let have = head;
    const take = (data: Buffer): void => {
      have = Buffer.concat([have, data]);
      if (have.length < count) return;
      socket.pause();
      socket.off("data", take);
      resolve(have);
    };
    socket.once("error", reject);
    socket.on("data", take);
    take(Buffer.alloc(0));
  });
}

/** Bytes cut into sealed records, both ways; what the server says before HTTP/2 begins (a challenge) is left out. */
class Records extends Duplex {
  private readonly counters = { send: 0n, receive: 0n };
  private waiting: Buffer = Buffer.alloc(0);
  private greeting: Buffer | undefined = Buffer.alloc(0);

  constructor(
    private readonly socket: Socket,
    private readonly keys: SessionKeys,
    rest: Buffer,
  ) {
    super();
    socket.on("data", (data: Buffer) => {
      this.receive(data);
    });
    socket.on("close", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    this.receive(rest);
    socket.resume();
  }

  override _read(): void {
    // What arrives is pushed at once: a test reads everything.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const records: Buffer[] = [];
    for (let at = 0; at < chunk.length; at += largestPlain) {
      const sealed = seal(this.keys.send, nonce(this.counters.send++), chunk.subarray(at, at + largestPlain));
      const header = Buffer.alloc(headerLength);
      header.writeUInt8(recordType, 0);
      header.writeUInt16BE(sealed.length, 1);
      records.push(header, sealed);
    }
    this.socket.write(Buffer.concat(records), done);
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  private receive(data: Buffer): void {
    let all = Buffer.concat([this.waiting, data]);
    while (all.length >= headerLength && all.length >= headerLength + all.readUInt16BE(1)) {
      const end = headerLength + all.readUInt16BE(1);
      this.pass(open(this.keys.receive, nonce(this.counters.receive++), all.subarray(headerLength, end)));
      all = all.subarray(end);
    }
    this.waiting = all;
  }

  /** Nine bytes, the last four the length, then that many. */
  private pass(plain: Buffer): void {
    if (this.greeting === undefined) {
      this.push(plain);
      return;
    }
    this.greeting = Buffer.concat([this.greeting, plain]);
    if (this.greeting.length < 9) return;
    const end = this.greeting.toString("latin1", 3, 5) === "TS" ? 9 + this.greeting.readUInt32BE(5) : 0;
    if (this.greeting.length < end) return;
    const rest = this.greeting.subarray(end);
    this.greeting = undefined;
    if (rest.length > 0) this.push(rest);
  }
}

function nonce(counter: bigint): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(counter, 4);
  return bytes;
}
