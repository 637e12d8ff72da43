import { connect, createServer, type Server } from "node:net";

/**
 * Opens a connection through a client's SOCKS5 proxy (RFC 1928) and returns what is said there; undefined when the
 * connection does not come about within so many milliseconds.
 */
export function greetingThrough(socks: number, host: string, port: number, limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socks, "127.0.0.1");
    let heard = Buffer.alloc(0);
    const finish = (said: string | undefined): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(said);
    };
    const late = setTimeout(() => {
      finish(undefined);
    }, limit);
    socket.on("error", () => {
      finish(undefined);
    });
    socket.on("close", () => {
      finish(undefined);
    });
    socket.on("connect", () => socket.write(Buffer.from([5, 1, 0])));
    socket.on("data", (data: Buffer) => {
      const before = heard.length;
      heard = Buffer.concat([heard, data]);
      if (before < 2 && heard.length >= 2) socket.write(connectRequest(host, port));
      const said = greetingIn(heard.subarray(2));
      if (said !== undefined) finish(said);
    });
  });
}

function connectRequest(host: string, port: number): Buffer {
  const name = Buffer.from(host);
  const number = Buffer.alloc(2);
  number.writeUInt16BE(port);
  return Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, number]);
}

/** What follows the proxy's answer, once there is a whole line of it. */
function greetingIn(answer: Buffer): string | undefined {
  if (answer.length < 5 || answer[1] !== 0) return undefined;
  const addressLength = answer[3] === 1 ? 4 : answer[3] === 4 ? 16 : 1 + (answer[4] ?? 0);
  const line = answer.subarray(4 + addressLength + 2).toString();
  return line.endsWith("\n") ? line.trimEnd() : undefined;
}

/** A server on a port of loopback that greets whoever connects. A client in user space lets its tailnet reach it. */
export async function listenAndGreet(greeting: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`${greeting}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
