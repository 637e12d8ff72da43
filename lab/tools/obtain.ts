import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { withPidLock } from "../plain/pid-lock.cjs";
import type { ProgressOptions } from "../plain/progress.cjs";
import { build, hasGo } from "./build";
import { cacheEntry, type CacheEntry, checkEntry, completeEntry, entryIn, type Origin, publishEntry } from "./cache";
import { download } from "./download";
import { fits, type ToolPin } from "./pins";
import { onPath, versionOf } from "./program";

/** A tool that is there, and where it came from. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly origin: "path" | Origin;
}

export interface ToolRequest {
  /** The checkout with tools/<name>/go.mod. */
  readonly root: string;
  /** The project's cache directory. */
  readonly cache: string;
  readonly pin: ToolPin;
  /** PATH, and ESTATE_OFFLINE=1 to try no download. @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Told what is being waited for or tried. */
  readonly say: (text: string) => void;
  /** Where the progress of a build is shown. @default stderr */
  readonly progress?: ProgressOptions;
}

/** A tool that can't be had on this machine, with what to do about it. */
export class ToolError extends Error {}

/**
 * Finds a tool without getting it: on PATH when its version fits, else in the cache.
 *
 * @returns the tool, or why it is neither here nor there
 */
export async function findTool(request: Omit<ToolRequest, "say">): Promise<Tool | string> {
  const { pin, env = process.env } = request;
  const candidates = pin.tags === undefined ? onPath(pin.name, env["PATH"] ?? "") : [];
  let reason = pin.tags === undefined ? `there is no ${pin.name} on PATH` : `it is built with ${pin.tags}`;
  for (const path of candidates) {
    const version = await versionOf(path, pin);
    if (version !== undefined && fits(version, pin.version)) return { name: pin.name, version, path, origin: "path" };
    reason = `PATH's ${pin.name} (${path}) is ${version ?? "broken"}, ${pin.version} is needed`;
  }
  const entry = cacheEntry(request.cache, request.root, pin);
  const origin = await checkEntry(entry);
  return origin === undefined ? reason : { name: pin.name, version: pin.version, path: entry.binary, origin };
}

/**
 * Gets a tool: what is on PATH when it fits, else from the cache, else the vendor's release where that can be downloaded
 * at once, else built with Go from the pins in tools/. Of several processes that want the same tool, one gets it.
 *
 * @throws ToolError with a remedy when none of these works
 */
export async function obtainTool(request: ToolRequest): Promise<Tool> {
  const { pin, say } = request;
  const found = await findTool(request);
  if (typeof found !== "string") return found;
  const entry = cacheEntry(request.cache, request.root, pin);
  const get = async (): Promise<Tool> => {
    // Another process may have been faster, and a broken entry is found here again.
    const origin = (await checkEntry(entry)) ?? (await fill(request, entry, found));
    return { name: pin.name, version: pin.version, path: entry.binary, origin };
  };
  return withPidLock(join(request.cache, "tools", `${pin.name}.lock`), `getting ${pin.name} ${pin.version}`, get, {
    onWait: (holder) => {
      say(`Waiting for process ${String(holder.pid)}, which is ${holder.purpose}`);
    },
  });
}

/** Fills a cache entry aside, proves that it runs, then puts it in place in one step. */
async function fill(request: ToolRequest, entry: CacheEntry, reason: string): Promise<Origin> {
  mkdirSync(dirname(entry.directory), { recursive: true });
  removeDrafts(entry);
  const draft = entryIn(mkdtempSync(`${entry.directory}.draft-`), request.pin.name);
  try {
    const refusal = await tryDownload(request, draft);
    if (refusal !== undefined) await buildInto(request, draft, reason, refusal);
    const origin = refusal === undefined ? "downloaded" : "built";
    await completeEntry(draft, origin);
    publishEntry(draft, entry);
    return origin;
  } finally {
    rmSync(draft.directory, { recursive: true, force: true });
  }
}

/** What a killed run has left: nobody else is at it, because this runs under the tool's lock. */
function removeDrafts(entry: CacheEntry): void {
  const parent = dirname(entry.directory);
  readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((path) => path.startsWith(`${entry.directory}.draft-`))
    .forEach((path) => {
      rmSync(path, { recursive: true, force: true });
    });
}

/** Returns why it did not work, undefined when it did. */
async function tryDownload(
  { pin, env = process.env, say }: ToolRequest,
  draft: CacheEntry,
): Promise<string | undefined> {
  if (pin.archive === undefined) return "it is not offered for download";
  if (env["ESTATE_OFFLINE"] === "1") return "ESTATE_OFFLINE=1 forbids downloads";
  const url = pin.archive(process.platform, process.arch);
  say(`Trying to download ${pin.name} ${pin.version} from ${new URL(url).host}`);
  try {
    await download(url, draft.directory);
    await verify(pin, draft);
    return undefined;
  } catch (error) {
    rmSync(draft.directory, { recursive: true, force: true });
    mkdirSync(draft.directory);
    return `the download did not work (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function buildInto(request: ToolRequest, draft: CacheEntry, reason: string, refusal: string): Promise<void> {
  const { pin, env = process.env } = request;
  if (!hasGo(env)) {
    throw new ToolError(
      `${pin.name} ${pin.version} (${pin.purpose}) can't be had: ${reason}; ${refusal}; and there is no go on PATH to ` +
        `build it. Install ${pin.tags === undefined ? `${pin.name} ${pin.version}, or ` : ""}Go (https://go.dev/dl), and put it on PATH.`,
    );
  }
  const label = `Building ${pin.name} ${pin.version}: ${reason}; ${refusal}`;
  await build(request.root, pin, draft.binary, label, request.progress);
  await verify(pin, draft);
}

async function verify(pin: ToolPin, { binary }: CacheEntry): Promise<void> {
  const version = await versionOf(binary, pin);
  if (version === pin.version) return;
  throw new ToolError(`The ${pin.name} obtained says it is version ${version ?? "nothing"}, not ${pin.version}`);
}
