import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Caller } from "./access";
import type { Request, Route } from "./api";
import { check, type Given } from "./parameters";
import { Refusal } from "./refusal";
import { backupRoutes } from "./routes/backup";
import { clusterRoutes } from "./routes/cluster";
import { mappingRoutes } from "./routes/mapping";
import { nodeRoutes } from "./routes/node";
import { storageRoutes } from "./routes/storage";
import { vmRoutes } from "./routes/vm";
import { vmFirewallRoutes } from "./routes/vmFirewall";
import { vmPowerRoutes } from "./routes/vmPower";

const routes = [
  ...nodeRoutes,
  ...clusterRoutes,
  ...mappingRoutes,
  ...backupRoutes,
  ...storageRoutes,
  ...vmRoutes,
  ...vmPowerRoutes,
  ...vmFirewallRoutes,
].map((route) => ({ ...route, pattern: new RegExp(`^${route.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`) }));
const prefix = "/api2/json";
/** No request of the API is this long. Characters. */
const longest = 1024 * 1024;

/** What the server needs for each request. */
export type Served = Pick<Request, "store" | "tasks" | "access" | "emulation"> & {
  /** Told of every request: method, path and status. */
  readonly onRequest?: (line: string) => void;
};

/** The API over HTTPS. */
export function makeServer(served: Served, tls: { cert: string; key: string }): Server {
  return createServer({ ...tls, minVersion: "TLSv1.3" }, (incoming, response) => {
    void answer(served, incoming, response);
  });
}

async function answer(served: Served, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = incoming.method ?? "GET";
  const url = new URL(incoming.url ?? "/", "https://emulator");
  let status = 200;
  let message = "OK";
  let body: unknown;
  try {
    body = { data: (await handle(served, method, url, incoming)) ?? null };
  } catch (error) {
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, error instanceof Error ? error.message : String(error));
    // The reason stands in the status line, as it does with Proxmox; a line break would end it.
    [status, message] = [refusal.status, refusal.message.replaceAll(/[^\x20-\x7e]+/g, " ").trim()];
    const errors = refusal.errors === undefined ? {} : { errors: refusal.errors };
    body = { data: null, ...errors, message: `${refusal.message}\n` };
  }
  served.onRequest?.(`${method} ${url.pathname} ${status}${status === 200 ? "" : ` ${message}`}`);
  const text = JSON.stringify(body);
  response.writeHead(status, message, {
    "Content-Type": "application/json;charset=UTF-8",
    "Content-Length": Buffer.byteLength(text),
    Server: "pve-api-daemon/3.0",
  });
  response.end(text);
}

async function handle(
  { onRequest: _, ...served }: Served,
  method: string,
  url: URL,
  incoming: IncomingMessage,
): Promise<unknown> {
  const asked = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length).replace(/\/$/, "") : undefined;
  const found = asked === undefined ? undefined : find(method, asked);
  const caller = found?.route.open === true ? nobody : served.access.identify(method, incoming.headers);
  if (found === undefined) throw new Refusal(501, `Method '${method} ${asked ?? url.pathname}' not implemented`);
  const given = readFields(url.searchParams, new URLSearchParams(await readBody(incoming)));
  check(given, found.route.parameters ?? {});
  return found.route.handle({ ...served, caller, path: found.path, given });
}

const nobody: Caller = { id: "", privileges: {} };

function find(method: string, asked: string): { route: Route; path: Record<string, string> } | undefined {
  for (const { pattern, ...route } of routes) {
    const match = route.method === method ? pattern.exec(asked) : null;
    if (match === null) continue;
    const groups = Object.entries(match.groups ?? {});
    return { route, path: Object.fromEntries(groups.map(([name, value]) => [name, decodeURIComponent(value)])) };
  }
  return undefined;
}

function readFields(...all: readonly URLSearchParams[]): Given {
  const given = new Map<string, string[]>();
  for (const fields of all) for (const [name, value] of fields) given.set(name, [...(given.get(name) ?? []), value]);
  return given;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const type = incoming.headers["content-type"] ?? "";
  if (type !== "" && !type.startsWith("application/x-www-form-urlencoded"))
    throw new Refusal(501, `The emulator reads no body of type ${type}`);
  let text = "";
  incoming.setEncoding("utf8");
  for await (const chunk of incoming) {
    text += String(chunk);
    if (text.length > longest) throw new Refusal(501, "for data too large");
  }
  return text;
}
