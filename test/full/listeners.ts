import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Where a process listens (TCP) or is bound (UDP), as "tcp 0100007F:1F90": addresses of proc_net_tcp(5), hexadecimal. Linux. */
export function listeners(pid: number): string[] {
  const own = new Set(
    descriptors(pid).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        // Closed meanwhile.
        return [];
      }
    }),
  );
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((protocol) =>
    readFileSync(`/proc/net/${protocol}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode = ""]) => own.has(inode) && (state === "0A" || protocol.startsWith("udp")))
      .map(([, local = ""]) => `${protocol} ${local}`),
  );
}

/** Open files of a process; none when it has ended meanwhile. */
function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/** Whether an address of /proc/net is loopback's: 127.0.0.0/8 (in the byte order of the machine) or ::1. */
export function isLoopback(listener: string): boolean {
  const [, address = ""] = listener.split(" ");
  const [ip = ""] = address.split(":");
  return ip.length === 8
    ? ip.endsWith("7F")
    : ip === "00000000000000000000000001000000" || ip.endsWith("FFFF00000100007F");
}
