import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** How long a server may take to answer at all. A closed machine must not wait longer than this. */
const answerMilliseconds = 2_000;
/** How long a download may stand still. */
const stallMilliseconds = 15_000;

/**
 * Downloads a release archive (.tar.gz with one top folder) and unpacks it into a directory, if that works at once.
 *
 * What came is as trustworthy as the connection to the vendor's server; the caller checks that it runs and which version
 * it is.
 *
 * @throws Error with the reason when the server does not answer within 2 s, has no such file, or stops sending
 */
export async function download(url: string, directory: string): Promise<void> {
  const abort = new AbortController();
  let timer = setTimeout(() => {
    abort.abort(new Error("no answer within 2 s"));
  }, answerMilliseconds);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${String(response.status)}`);
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        abort.abort(new Error("the download stands still"));
      }, stallMilliseconds);
    };
    const body = Readable.from(watched(response.body, alive));
    await unpack(body, directory);
  } catch (error) {
    throw new Error(reasonOf(abort.signal.aborted ? abort.signal.reason : error));
  } finally {
    clearTimeout(timer);
  }
}

async function* watched(body: AsyncIterable<Uint8Array>, alive: () => void): AsyncGenerator<Uint8Array> {
  for await (const part of body) {
    alive();
    yield part;
  }
}

async function unpack(archive: Readable, directory: string): Promise<void> {
  const tar = spawn("tar", ["-xz", "--strip-components=1", "-C", directory], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise<void>((resolve, reject) => {
    tar.on("error", reject);
    tar.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error("what came is not a .tar.gz archive"));
    });
  });
  const [fed, unpacked] = await Promise.allSettled([pipeline(archive, tar.stdin), ended]);
  // When tar refuses, feeding it fails too; its own reason says more. A broken download shows in the feeding.
  const failure = fed.status === "rejected" && unpacked.status === "fulfilled" ? fed : unpacked;
  if (failure.status === "rejected") throw failure.reason;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
