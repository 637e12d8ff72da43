import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const loopback = "127.0.0.1";
/**
 * Ports that no system gives to outgoing connections by itself (Linux: 32768 and up, macOS: 49152 and up): one that a lab has
 * chosen is not taken from it between two of its runs.
 */
const [first, last] = [20_000, 32_767];
const attempts = 100;

/** A TCP port of loopback that nothing listens on. Another program may still be faster: whoever uses it tries again. */
export function freeTcpPort(): Promise<number> {
  return freePort(isFreeTcp);
}

/** A UDP port of loopback that nothing listens on. */
export function freeUdpPort(): Promise<number> {
  return freePort(isFreeUdp);
}

async function freePort(isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(first, last + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port of ${loopback} between ${first} and ${last} was found`);
}

function isFreeTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, loopback, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

function isFreeUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, loopback, () => {
      socket.close(() => {
        resolve(true);
      });
    });
  });
}
