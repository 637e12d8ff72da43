import { demand } from "../access";
import { listed, must, one, type Request, type Route, settingsOf, without } from "../api";
import { boolean, integer, kindOf, list, matching, oneOf, text } from "../parameters";
import { badParameters, died } from "../refusal";
import type { State } from "../state";
import { storageOf } from "../volumes";

const configId = matching(/^[a-z][a-z0-9_-]+$/i);
const job = {
  ...{ all: boolean, bwlimit: integer(0), comment: text, compress: oneOf("0", "1", "gzip", "lzo", "zstd"), dow: text },
  ...{ dumpdir: text, enabled: boolean, exclude: text, "exclude-path": list, fleecing: text, ionice: integer(0, 8) },
  ...{ lockwait: integer(0), mailnotification: oneOf("always", "failure"), mailto: text, maxfiles: integer(1) },
  ...{ mode: oneOf("snapshot", "suspend", "stop"), node: text, "notes-template": text, "notification-mode": text },
  ...{
    "pbs-change-detection-mode": oneOf("legacy", "data", "metadata"),
    performance: text,
    pigz: integer(),
    pool: text,
  },
  ...{
    protected: boolean,
    "prune-backups": text,
    quiet: boolean,
    remove: boolean,
    "repeat-missed": boolean,
    schedule: text,
  },
  ...{ script: text, starttime: text, stdexcludes: boolean, stop: boolean, stopwait: integer(0), storage: text },
  ...{ tmpdir: text, vmid: text, zstd: integer() },
};

/** Backup jobs. */
export const backupRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/cluster/backup",
    handle: (request) => {
      demand(request.caller, "/", "Sys.Audit");
      return Object.entries(request.store.read().backups).map(([id, entry]) => printedJob(id, entry));
    },
  },
  { method: "POST", path: "/cluster/backup", parameters: { optional: { ...job, id: configId } }, handle: createJob },
  { method: "GET", path: "/cluster/backup/{id}", handle: (request) => readJob(request) },
  {
    method: "PUT",
    path: "/cluster/backup/{id}",
    parameters: { optional: { ...job, delete: text } },
    handle: changeJob,
  },
  {
    method: "DELETE",
    path: "/cluster/backup/{id}",
    handle: (request) => {
      demand(request.caller, "/", "Sys.Modify");
      request.store.update((state) => {
        jobOf(state, request);
        state.backups = without(state.backups, [must(request, "id")]);
      });
      return null;
    },
  },
];

function jobOf(state: State, request: Request): Record<string, string> {
  const found = state.backups[must(request, "id")];
  if (found === undefined) throw badParameters({ id: `No such job '${must(request, "id")}'` });
  return found;
}

function readJob(request: Request): unknown {
  demand(request.caller, "/", "Sys.Audit");
  return printedJob(must(request, "id"), jobOf(request.store.read(), request));
}

function printedJob(id: string, entry: Readonly<Record<string, string>>): Record<string, unknown> {
  const values = Object.entries(entry).map(([name, value]) => {
    const type = kindOf({ optional: job }, name)?.type;
    return [name, type === "integer" || type === "boolean" ? Number(value) : value] as const;
  });
  return { id, type: "vzdump", ...Object.fromEntries(values) };
}

function createJob(request: Request): null {
  demand(request.caller, "/", "Sys.Modify");
  request.store.update((state) => {
    const id = one(request, "id") ?? `backup-${Object.keys(state.backups).length + 1}`;
    if (state.backups[id] !== undefined) throw died(`Job '${id}' already exists`);
    state.backups[id] = checkedJob(state, settingsOf(request, "id"));
  });
  return null;
}

function changeJob(request: Request): null {
  demand(request.caller, "/", "Sys.Modify");
  request.store.update((state) => {
    const merged = { ...jobOf(state, request), ...settingsOf(request, "delete") };
    state.backups[must(request, "id")] = checkedJob(state, without(merged, listed(one(request, "delete"))));
  });
  return null;
}

function checkedJob(state: State, settings: Record<string, string>): Record<string, string> {
  const { storage } = settings;
  if (storage !== undefined && !storageOf(state, storage).content.includes("backup"))
    throw died(`storage '${storage}' does not support backups`);
  return settings;
}
