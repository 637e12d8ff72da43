import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** sun_path of unix(7) has 108 bytes, macOS has 104; the last is a zero. */
const longest = 103;

/**
 * Where a server in a directory has its Unix socket: there, or when that path is too long for a socket, in a folder of the
 * user's own under the system's temporary one, named after the directory so that every process finds it.
 */
export function socketPath(directory: string, name: string): string {
  const near = join(directory, name);
  if (Buffer.byteLength(near) <= longest) return near;
  const folder = join(tmpdir(), `estate-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const digest = createHash("sha256").update(directory).digest("hex").slice(0, 12);
  return join(folder, `${digest}-${name}`);
}
