import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { userCache } from "../../../lab/launch/environment";
import { obtainTool, pins } from "../../../lab/tools";
import { onPath } from "../../../lab/tools/program";

const root = resolve(__dirname, "../../..");

/** Path of a real program of the full lab; the first use builds it, which takes minutes. */
export async function program(name: "headscale" | "tailscale" | "tailscaled"): Promise<string> {
  const { path } = await obtainTool({ root, cache: userCache(), pin: pins[name], say: () => undefined });
  return path;
}

/** Puts the sqlite3 command, which every hub has, into a folder: the real one, or the stand-in where it is not installed. */
export function putSqlite3(folder: string): void {
  const [real] = onPath("sqlite3", process.env["PATH"] ?? "");
  if (real === undefined) putSqlite3StandIn(folder);
  else symlinkSync(real, join(folder, "sqlite3"));
}

/** Puts a stand-in for the sqlite3 command, on node's own SQLite, into a folder. */
export function putSqlite3StandIn(folder: string): void {
  const file = join(folder, "sqlite3");
  writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" --no-warnings "${join(__dirname, "sqlite3.mjs")}" "$@"\n`);
  chmodSync(file, 0o755);
}
