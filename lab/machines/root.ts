import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { words } from "../launch/shell";
import type { CloudInit } from "./cloudInit";
import type { MachinePlace } from "./place";

/** What a script may ask of its machine, and the lab's machine cannot give: no package is installed, no service is started. */
const absent = ["apt-get", "curl", "sysctl", "systemctl"];
const osRelease: CloudInit["write_files"][number] = {
  path: "/etc/os-release",
  content: "ID=debian\nVERSION_CODENAME=bookworm\n",
};

/** Moves the paths of a machine's own files under its root, wherever a text names one; no other path is touched. */
export function moveTo(
  { root }: MachinePlace,
  { write_files }: Pick<CloudInit, "write_files">,
): (text: string) => string {
  const paths = [osRelease, ...write_files].map(({ path }) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // Whole paths: "/etc/a" is not what "/etc/a.conf" begins with.
  const pattern = new RegExp(`(${paths.join("|")})(?![\\w.-])`, "g");
  return (text) => text.replaceAll(pattern, (path) => join(root, path));
}

/** Writes the files of a cloud-init under a machine's own root: a lab machine is a directory, not a container. */
export function writeRoot(place: MachinePlace, cloudInit: Pick<CloudInit, "write_files">): void {
  const moved = moveTo(place, cloudInit);
  for (const { path, content, permissions = "0644" } of [osRelease, ...cloudInit.write_files]) {
    const target = join(place.root, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, moved(content), { mode: Number.parseInt(permissions, 8) });
  }
}

/** Writes the programs that scripts and commands on a machine find first: stand-ins, and the real ones it runs. */
export function writeBin({ bin }: MachinePlace, programs: Readonly<Record<string, readonly string[]>>): void {
  mkdirSync(bin, { recursive: true });
  const script = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  };
  script("sudo", '[ "$1" != -n ] || shift\nexec "$@"');
  for (const name of absent) script(name, `echo "lab: ${name} $* (not done: a lab machine has none)" >&2`);
  for (const [name, command] of Object.entries(programs)) script(name, `exec ${words(command)} "$@"`);
}
