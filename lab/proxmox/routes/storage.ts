import { demand, may } from "../access";
import { listed, must, nodeOf, one, type Request, type Route } from "../api";
import { downloadable } from "../emulation";
import { boolean, integer, oneOf, text } from "../parameters";
import { badParameters, died } from "../refusal";
import type { State } from "../state";
import { removeVolume, splitVolume, storageOf, volumeKey, volumeOf, volumesIn } from "../volumes";

const audit = ["Datastore.Audit", "Datastore.AllocateSpace"];
const algorithms = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
/** The extensions that PVE/Storage.pm takes, by content. */
const extensions = {
  iso: /^[^/]+\.(iso|img)$/i,
  vztmpl: /^[^/]+\.tar(\.(gz|xz|zst|bz2))?$/i,
  import: /^[\w\-.+=]+\.(ova|qcow2|raw|vmdk)$/,
};
const base = "/nodes/{node}/storage/{storage}";

/** Storages, what lies in them, and downloads into them. */
export const storageRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/storage",
    parameters: { optional: { type: text } },
    handle: (request) => Object.keys(request.store.read().storages).map((id) => definition(request, id)),
  },
  {
    method: "GET",
    path: "/storage/{storage}",
    handle: (request) => {
      demand(request.caller, `/storage/${must(request, "storage")}`, "Datastore.Allocate");
      return definition(request, must(request, "storage"));
    },
  },
  {
    method: "GET",
    path: "/nodes/{node}/storage",
    parameters: { optional: { content: text, enabled: boolean, format: boolean, storage: text, target: text } },
    handle: (request) => {
      const state = request.store.read();
      nodeOf(state, request);
      const content = listed(one(request, "content"));
      return Object.entries(state.storages)
        .filter(([id]) => (one(request, "storage") ?? id) === id)
        .filter(([, storage]) => content.length === 0 || storage.content.some((kind) => content.includes(kind)))
        .map(([id]) => ({ storage: id, ...summary(request, id) }));
    },
  },
  {
    method: "GET",
    path: `${base}/status`,
    handle: (request) => (audited(request), summary(request, must(request, "storage"))),
  },
  {
    method: "GET",
    path: `${base}/content`,
    parameters: { optional: { content: text, vmid: integer(100, 999_999_999) } },
    handle: (request) => {
      const all = volumesIn(audited(request), request.emulation.root, must(request, "node"), must(request, "storage"));
      const [content, vmid] = [one(request, "content"), one(request, "vmid")];
      return all
        .filter((volume) => (content ?? volume.content) === volume.content)
        .filter((volume) => vmid === undefined || volume.vmid === Number(vmid));
    },
  },
  {
    method: "GET",
    path: `${base}/content/{volume}`,
    handle: (request) => {
      const { volid, ...volume } = volumeOf(
        audited(request),
        request.emulation.root,
        must(request, "node"),
        volumeId(request),
      );
      return { path: volid, ...volume };
    },
  },
  {
    method: "DELETE",
    path: `${base}/content/{volume}`,
    parameters: { optional: { delay: integer(1, 30) } },
    handle: remove,
  },
  {
    method: "POST",
    path: `${base}/download-url`,
    parameters: {
      required: { content: oneOf("iso", "vztmpl", "import"), filename: text, url: text },
      optional: {
        ...{ checksum: text, "checksum-algorithm": oneOf(...algorithms), compression: text },
        // The provider repeats what stands in the path, which the API takes (values of the path are parameters as well).
        ...{ node: text, storage: text, "verify-certificates": boolean },
      },
    },
    handle: download,
  },
  {
    method: "GET",
    path: "/nodes/{node}/query-url-metadata",
    parameters: { required: { url: text }, optional: { "verify-certificates": boolean } },
    handle: metadata,
  },
];

function volumeId(request: Request): string {
  const volume = must(request, "volume");
  return volume.includes(":") ? volume : `${must(request, "storage")}:${volume}`;
}

function audited(request: Request): State {
  const state = request.store.read();
  nodeOf(state, request);
  demand(request.caller, `/storage/${must(request, "storage")}`, ...audit);
  storageOf(state, must(request, "storage"));
  return state;
}

function definition(request: Request, id: string): unknown {
  const { type, content, path } = storageOf(request.store.read(), id);
  return { storage: id, type, content: content.join(","), ...(path === undefined ? {} : { path }) };
}

function summary({ store, emulation, ...request }: Request, id: string): Record<string, unknown> {
  const state = store.read();
  const { type, content } = storageOf(state, id);
  const total = 2 * 1024 ** 4;
  const volumes = volumesIn(state, emulation.root, request.path["node"] ?? "", id);
  const used = volumes.reduce((sum, { size }) => sum + size, 0);
  return { type, content: content.join(","), active: 1, enabled: 1, shared: 0, total, used, avail: total - used };
}

function remove(request: Request): string {
  const { caller, store, tasks, emulation } = request;
  const node = must(request, "node");
  const volid = volumeId(request);
  const { storage } = splitVolume(volid);
  demand(caller, `/storage/${storage}`, "Datastore.Allocate");
  store.update((state) => {
    nodeOf(state, request);
    volumeOf(state, emulation.root, node, volid);
    removeVolume(state, emulation.root, node, volid);
  });
  return tasks.start(node, "imgdel", volid.replaceAll(":", "@"), caller, () => undefined);
}

function mayReach(request: Request): void {
  const { caller } = request;
  if (may(caller, "/", ["Sys.Audit"]) && may(caller, "/", ["Sys.Modify"])) return;
  demand(caller, `/nodes/${must(request, "node")}`, "Sys.AccessNetwork");
}

function metadata(request: Request): unknown {
  nodeOf(request.store.read(), request);
  mayReach(request);
  const url = must(request, "url");
  const found = downloadable(request.emulation, url);
  if (found === undefined) throw badParameters({ url: "invalid server response: '404 Not Found'" });
  return { filename: url.slice(url.lastIndexOf("/") + 1), mimetype: "application/octet-stream", size: found.size };
}

/** As PVE/API2/Storage/Status.pm and PVE::Tools::download_file_from_url; nothing is fetched. */
function download(request: Request): string {
  const { caller, store, tasks, emulation } = request;
  const [node, storage, filename] = [must(request, "node"), must(request, "storage"), must(request, "filename")];
  const [content, url] = [must(request, "content"), must(request, "url")];
  const state = store.read();
  nodeOf(state, request);
  demand(caller, `/storage/${storage}`, "Datastore.AllocateTemplate");
  mayReach(request);
  const { type, path, content: allowed } = storageOf(state, storage);
  if (path === undefined) throw died(`can't upload to storage type '${type}', not a file based storage!`);
  if (content !== "iso" && content !== "vztmpl" && content !== "import")
    throw badParameters({ content: "not allowed" });
  if (!allowed.includes(content)) throw died(`storage '${storage}' is not configured for content-type '${content}'`);
  if (!extensions[content].test(filename))
    throw badParameters({
      filename: content === "import" ? "invalid filename or wrong extension" : "wrong file extension",
    });
  return tasks.start(node, "download", filename, caller, (log) => {
    if (one(request, "compression") !== undefined && content !== "iso")
      throw new Error(`decompression not supported for ${content}`);
    const volid = `${storage}:${content}/${filename}`;
    log(`downloading ${url} to ${path}/${content}/${filename}`);
    const found = downloadable(emulation, url);
    if (store.read().volumes[volumeKey(node, volid)] !== undefined)
      throw new Error(`refusing to override existing file '${path}/${content}/${filename}'`);
    if (found === undefined) throw new Error(`download failed: command 'wget ${url}' failed: exit code 8`);
    const algorithm = one(request, "checksum-algorithm") ?? "";
    const [expected, got] = [one(request, "checksum"), found.checksums?.[algorithm]];
    if (expected !== undefined && got !== undefined && got.toLowerCase() !== expected.toLowerCase())
      throw new Error(`checksum mismatch: got '${got}' != expect '${expected}'`);
    const format = content === "import" ? filename.slice(filename.lastIndexOf(".") + 1) : content;
    store.update((after) => {
      after.volumes[volumeKey(node, volid)] = { node, content, format, size: found.size, source: url };
    });
  });
}
