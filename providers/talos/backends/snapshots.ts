import { createHash } from "node:crypto";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";

import type { Snapshot } from "./api";
import type { Access, Nodes } from "./nodes";

const noSuchFile = z.object({ code: z.literal("ENOENT") });
const tenMinutes = 600_000;

/**
 * Takes a snapshot of etcd, only its owner's to read: it holds every secret of the cluster. talosctl writes it beside and
 * renames it when it is whole, opens it and counts its keys; its checksum is compared here.
 *
 * @throws Error when what was written is not a whole snapshot with keys in it
 */
export async function takeSnapshot(nodes: Nodes, at: Access, path: string): Promise<Snapshot> {
  const doing = `taking an etcd snapshot of ${at.node}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const said = await nodes.run(at, doing, ["etcd", "snapshot", path], tenMinutes);
  await chmod(path, 0o600);
  const content = await readFile(path);
  const keys = Number(/total keys (\d+)/.exec(said)?.[1] ?? 0);
  if (!isWhole(content) || keys === 0)
    throw new Error(
      `${doing}: ${path} is no whole snapshot: ${isWhole(content) ? "there are no keys in it" : "its checksum is wrong"}. ` +
        "Nothing was changed; run up again, and look at the node's disk when this comes again.",
    );
  return measure(content);
}

/** The file as it is now, undefined when it is gone. */
export async function snapshotAt(path: string): Promise<Snapshot | undefined> {
  try {
    return measure(await readFile(path));
  } catch (error) {
    if (noSuchFile.safeParse(error).success) return undefined;
    throw error;
  }
}

function measure(content: Buffer): Snapshot {
  return { sha256: createHash("sha256").update(content).digest("hex"), size: content.length };
}

/** A snapshot is etcd's database, whose pages are of 512 bytes at least, and the SHA-256 of that at its end. */
function isWhole(content: Buffer): boolean {
  if (content.length % 512 !== 32) return false;
  const end = content.length - 32;
  return createHash("sha256").update(content.subarray(0, end)).digest().equals(content.subarray(end));
}

/**
 * Where snapshots go that are taken before a change. By default the user's own state directory, as
 * https://specifications.freedesktop.org/basedir-spec/latest/ has it: they outlive the checkout, and its caches.
 */
export class SnapshotPlace {
  constructor(private readonly directory = join(userState(), "estate", "etcd-snapshots")) {}

  /** A file of its own for every snapshot: none is overwritten, and nothing deletes one. */
  pathFor(cluster: string, before: string): string {
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    return join(this.directory, `${cluster}-${now}-before-${before}.db`);
  }
}

function userState(): string {
  const named = process.env["XDG_STATE_HOME"];
  return named === undefined || named === "" ? join(homedir(), ".local", "state") : named;
}
