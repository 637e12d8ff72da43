import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { died } from "./refusal";
import type { State } from "./state";

/** A file or disk in a storage, as the API lists it. */
export interface Listed {
  readonly volid: string;
  readonly content: string;
  readonly format: string;
  readonly size: number;
  readonly vmid?: number;
}

/** Where a folder of a node lies on this computer. */
export function nodeFolder(root: string, node: string, path: string): string {
  return join(root, "nodes", encodeURIComponent(node), path);
}

/** The key of a volume in the state: two nodes may have a file of one name, each in its own storage. */
export function volumeKey(node: string, volid: string): string {
  return `${node}/${volid}`;
}

/** The storage and the rest of a volume id. */
export function splitVolume(volid: string): { storage: string; name: string } {
  const colon = volid.indexOf(":");
  return colon < 0 ? { storage: "", name: volid } : { storage: volid.slice(0, colon), name: volid.slice(colon + 1) };
}

/** @throws Refusal when there is no such storage (PVE::Storage::storage_config) */
export function storageOf(state: State, id: string): State["storages"][string] {
  const storage = state.storages[id];
  if (storage === undefined) throw died(`storage '${id}' does not exist`);
  return storage;
}

/** What a node has in a storage. */
export function volumesIn(state: State, root: string, node: string, storage: string): Listed[] {
  const kept = Object.entries(state.volumes)
    .map(([key, volume]) => ({ volid: key.slice(key.indexOf("/") + 1), ...volume }))
    .filter((volume) => volume.node === node && splitVolume(volume.volid).storage === storage)
    .map(({ volid, content, format, size, vmid }) => ({
      volid,
      content,
      format,
      size,
      ...(vmid === undefined ? {} : { vmid }),
    }));
  return [...kept, ...snippets(state, root, node, storage)].sort((a, b) => a.volid.localeCompare(b.volid));
}

function snippets(state: State, root: string, node: string, storage: string): Listed[] {
  const folder = snippetFolder(state, root, node, storage);
  if (folder === undefined || !existsSync(folder)) return [];
  return readdirSync(folder).map((name) => ({
    volid: `${storage}:snippets/${name}`,
    content: "snippets",
    format: "snippet",
    size: statSync(join(folder, name)).size,
  }));
}

/** The folder of a storage's snippets; undefined when it holds none. */
export function snippetFolder(state: State, root: string, node: string, storage: string): string | undefined {
  const { path, content } = storageOf(state, storage);
  return path === undefined || !content.includes("snippets")
    ? undefined
    : nodeFolder(root, node, join(path, "snippets"));
}

function snippetFile(state: State, root: string, node: string, volid: string): string | undefined {
  const { storage, name } = splitVolume(volid);
  const [, file] = /^snippets\/([^/]+)$/.exec(name) ?? [];
  const folder = file === undefined ? undefined : snippetFolder(state, root, node, storage);
  return folder === undefined || file === undefined || file === ".." || file === "." ? undefined : join(folder, file);
}

/** A snippet's text; undefined when there is none. */
export function readSnippet(state: State, root: string, node: string, volid: string): string | undefined {
  const file = snippetFile(state, root, node, volid);
  return file === undefined || !existsSync(file) ? undefined : readFileSync(file, "utf8");
}

/** @throws Refusal when the node has no such volume */
export function volumeOf(state: State, root: string, node: string, volid: string): Listed {
  const { storage } = splitVolume(volid);
  storageOf(state, storage);
  const found = volumesIn(state, root, node, storage).find((volume) => volume.volid === volid);
  if (found === undefined) throw died(`volume '${volid}' does not exist`);
  return found;
}

export function removeVolume(state: State, root: string, node: string, volid: string): void {
  const snippet = snippetFile(state, root, node, volid);
  if (snippet !== undefined) rmSync(snippet, { force: true });
  const gone = volumeKey(node, volid);
  state.volumes = Object.fromEntries(Object.entries(state.volumes).filter(([key]) => key !== gone));
}

/** Makes a disk of a VM, with the next free name as the storage's type has it. @param source what it was made from */
export function allocate(
  state: State,
  node: string,
  storage: string,
  { vmid, size, source }: { vmid: string; size: number; source: string | undefined },
): string {
  const { type } = storageOf(state, storage);
  const name = (n: number) =>
    type === "dir" ? `${storage}:${vmid}/vm-${vmid}-disk-${n}.raw` : `${storage}:vm-${vmid}-disk-${n}`;
  let free = 0;
  while (state.volumes[volumeKey(node, name(free))] !== undefined) free += 1;
  state.volumes[volumeKey(node, name(free))] = {
    ...{ node, content: "images", format: "raw", size, vmid: Number(vmid) },
    ...(source === undefined ? {} : { source }),
  };
  return name(free);
}
