import { demand, type Caller } from "../access";
import { must, nodeOf, one, type Request, type Route } from "../api";
import { boolean, integer, oneOf, text } from "../parameters";
import { badParameters } from "../refusal";
import type { State } from "../state";

/** The release that the API's description is of. */
const version = { version: "9.1.1", release: "9.1", repoid: "emulated", console: "html5" };
const task = "/nodes/{node}/tasks/{upid}";

/** Nodes, their tasks, who one is, and pools. */
export const nodeRoutes: readonly Route[] = [
  { method: "GET", path: "/version", handle: () => version },
  {
    method: "GET",
    path: "/nodes",
    handle: ({ store }) =>
      Object.keys(store.read().nodes).map((node) => ({ node, id: `node/${node}`, type: "node", status: "online" })),
  },
  {
    method: "GET",
    path: "/nodes/{node}/status",
    handle: (request) => {
      nodeOf(request.store.read(), request);
      demand(request.caller, `/nodes/${must(request, "node")}`, "Sys.Audit");
      return { pveversion: `pve-manager/${version.version}`, uptime: 1 };
    },
  },
  {
    method: "GET",
    path: "/nodes/{node}/network",
    parameters: { optional: { type: text } },
    handle: (request) => {
      const { address, bridges } = nodeOf(request.store.read(), request);
      return bridges.map((iface, index) => ({
        ...{
          iface,
          type: "bridge",
          active: 1,
          autostart: 1,
          priority: index + 1,
          method: index === 0 ? "static" : "manual",
        },
        ...(index === 0 ? { address, netmask: "24", gateway: address.replace(/\d+$/, "1") } : {}),
      }));
    },
  },
  {
    method: "GET",
    path: `${task}/status`,
    handle: (request) => {
      const { node, status, exitstatus } = taskOf(request);
      return { upid: must(request, "upid"), node, status, ...(exitstatus === undefined ? {} : { exitstatus }) };
    },
  },
  {
    method: "GET",
    path: `${task}/log`,
    parameters: { optional: { download: boolean, limit: integer(0), start: integer(0) } },
    handle: (request) => {
      const [from, limit] = [Number(one(request, "start") ?? 0), Number(one(request, "limit") ?? 50)];
      return taskOf(request)
        .log.map((t, index) => ({ n: index + 1, t }))
        .slice(from, from + limit);
    },
  },
  { method: "DELETE", path: task, handle: (request) => (taskOf(request), null) },
  {
    method: "POST",
    path: "/access/ticket",
    open: true,
    parameters: {
      required: { username: text, password: text },
      optional: { realm: text, otp: text, "new-format": boolean },
    },
    handle: (request) => {
      const username = must(request, "username");
      const user = username.includes("@") ? username : `${username}@${one(request, "realm") ?? "pam"}`;
      const { ticket, csrf } = request.access.login(user, must(request, "password"));
      return { username: user, ticket, CSRFPreventionToken: csrf };
    },
  },
  {
    method: "GET",
    path: "/access/permissions",
    parameters: { optional: { path: text, userid: text } },
    handle: ({ caller }) => permissions(caller),
  },
  {
    method: "GET",
    path: "/pools",
    parameters: { optional: { poolid: text, type: oneOf("qemu", "lxc", "storage") } },
    handle: (request) => {
      const { pools } = request.store.read();
      const wanted = one(request, "poolid");
      if (wanted !== undefined && pools[wanted] === undefined)
        throw badParameters({ poolid: `pool '${wanted}' does not exist` });
      return Object.entries(pools)
        .filter(([poolid]) => (wanted ?? poolid) === poolid)
        .map(([poolid, pool]) => ({
          poolid,
          ...pool,
          ...(wanted === undefined ? {} : { members: members(request, poolid) }),
        }));
    },
  },
];

function taskOf(request: Request): State["tasks"][string] {
  const found = request.store.read().tasks[must(request, "upid")];
  if (found === undefined) throw badParameters({ upid: "no such task" });
  return found;
}

function permissions({ privileges }: Caller): unknown {
  const entries = Object.entries(
    privileges ?? { "/": ["Permissions.Modify", "Sys.Audit", "Sys.Modify", "VM.Allocate"] },
  );
  return Object.fromEntries(entries.map(([path, names]) => [path, Object.fromEntries(names.map((name) => [name, 1]))]));
}

function members(request: Request, poolid: string): unknown[] {
  return Object.entries(request.store.read().vms)
    .filter(([, { pool }]) => pool === poolid)
    .map(([vmid, { node }]) => ({ id: `qemu/${vmid}`, type: "qemu", vmid: Number(vmid), node }));
}
