import { demand, may } from "../access";
import { listed, must, one, type Request, type Route, settingsOf, without } from "../api";
import { boolean, integer, oneOf, text } from "../parameters";
import { badParameters, died } from "../refusal";

const policy = oneOf("ACCEPT", "REJECT", "DROP");

/** What the whole cluster shares. */
export const clusterRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/cluster/nextid",
    parameters: { optional: { vmid: integer(100, 999_999_999) } },
    handle: nextId,
  },
  {
    method: "GET",
    path: "/cluster/resources",
    parameters: { optional: { type: oneOf("vm", "storage", "node", "sdn") } },
    handle: (request) => resources(request),
  },
  {
    method: "GET",
    path: "/cluster/ha/resources/{sid}",
    handle: (request) => {
      throw died(`no such resource '${must(request, "sid")}'`);
    },
  },
  {
    method: "GET",
    path: "/cluster/firewall/options",
    handle: (request) => {
      demand(request.caller, "/", "Sys.Audit");
      return request.store.read().firewall;
    },
  },
  {
    method: "PUT",
    path: "/cluster/firewall/options",
    parameters: {
      optional: {
        ...{ delete: text, digest: text, ebtables: boolean, enable: integer(0), log_ratelimit: text },
        ...{ policy_forward: oneOf("ACCEPT", "DROP"), policy_in: policy, policy_out: policy },
      },
    },
    handle: (request) => {
      demand(request.caller, "/", "Sys.Modify");
      request.store.update((state) => {
        state.firewall = without(
          { ...state.firewall, ...settingsOf(request, "delete", "digest") },
          listed(one(request, "delete")),
        );
      });
      return null;
    },
  },
];

function nextId(request: Request): string {
  const { vms } = request.store.read();
  const wanted = one(request, "vmid");
  if (wanted !== undefined) {
    if (vms[wanted] !== undefined) throw badParameters({ vmid: `VM ${wanted} already exists` });
    return wanted;
  }
  let free = 100;
  while (vms[String(free)] !== undefined) free += 1;
  return String(free);
}

function resources(request: Request): unknown[] {
  const state = request.store.read();
  const seen = Object.entries(state.vms).filter(([vmid]) => may(request.caller, `/vms/${vmid}`, ["VM.Audit"]));
  const all: { type: string; kind: string; [key: string]: unknown }[] = [
    ...seen.map(([vmid, { node, status, config }]) => ({
      ...{
        kind: "vm",
        type: "qemu",
        id: `qemu/${vmid}`,
        vmid: Number(vmid),
        name: config["name"],
        node,
        status,
        template: 0,
      },
    })),
    ...Object.keys(state.nodes).map((node) => ({
      kind: "node",
      type: "node",
      id: `node/${node}`,
      node,
      status: "online",
    })),
    ...Object.keys(state.nodes).flatMap((node) =>
      Object.keys(state.storages).map((storage) => ({
        ...{ kind: "storage", type: "storage", id: `storage/${node}/${storage}`, node, storage, status: "available" },
      })),
    ),
  ];
  const type = one(request, "type");
  return all.filter(({ kind }) => (type ?? kind) === kind).map(({ kind: _, ...entry }) => entry);
}
