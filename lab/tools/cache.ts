import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { moduleOf, type ToolPin } from "./pins";

/** How a tool in the cache came there. */
export type Origin = "built" | "downloaded";

const markerSchema = z.object({
  sha256: z.string(),
  size: z.number(),
  modified: z.number(),
  origin: z.enum(["built", "downloaded"]),
});

export type Marker = z.infer<typeof markerSchema>;

export interface CacheEntry {
  readonly directory: string;
  readonly binary: string;
  readonly marker: string;
}

/**
 * Where a tool belongs in the cache: the content of its pins and the machine's kind decide. Go's own version is left
 * out on purpose: a newer compiler is no reason to build for minutes what already runs.
 */
export function cacheEntry(cache: string, root: string, pin: ToolPin): CacheEntry {
  const hash = createHash("sha256");
  const module = moduleOf(root, pin);
  // A program of the project's own has its sources there, too.
  const sources = readdirSync(module, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".go"));
  for (const file of ["go.mod", "go.sum", ...sources.sort()]) hash.update(readFileSync(join(module, file)));
  hash.update(
    [
      ...[pin.package, pin.ldflags, ...(pin.tags === undefined ? [] : [pin.tags]), ...(pin.generate ?? [])],
      ...[process.platform, process.arch],
    ].join("\0"),
  );
  const directory = join(cache, "tools", `${pin.name}-${hash.digest("hex").slice(0, 16)}`);
  return entryIn(directory, pin.name);
}

export function entryIn(directory: string, name: string): CacheEntry {
  return { directory, binary: join(directory, name), marker: join(directory, "complete.json") };
}

/**
 * Whether an entry is whole. The binary is read again only when its size or time is not what the marker says, because
 * hashing all tools on each command would take a second.
 */
export async function checkEntry(entry: CacheEntry): Promise<Origin | undefined> {
  const marker = readMarker(entry.marker);
  if (marker === undefined || !existsSync(entry.binary)) return undefined;
  const { size, mtimeMs } = statSync(entry.binary);
  if (size === marker.size && mtimeMs === marker.modified) return marker.origin;
  if ((await sha256(entry.binary)) !== marker.sha256) return undefined;
  await completeEntry(entry, marker.origin);
  return marker.origin;
}

/** Marks an entry as whole. The last thing done to it. */
export async function completeEntry(entry: CacheEntry, origin: Origin): Promise<void> {
  const { size, mtimeMs } = statSync(entry.binary);
  const marker: Marker = { sha256: await sha256(entry.binary), size, modified: mtimeMs, origin };
  const draft = `${entry.marker}.${String(process.pid)}`;
  writeFileSync(draft, `${JSON.stringify(marker, null, 2)}\n`);
  renameSync(draft, entry.marker);
}

/** Puts a complete entry in its place, over whatever broken one is there. */
export function publishEntry(draft: CacheEntry, entry: CacheEntry): void {
  rmSync(entry.directory, { recursive: true, force: true });
  renameSync(draft.directory, entry.directory);
}

function readMarker(file: string): Marker | undefined {
  try {
    return markerSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
