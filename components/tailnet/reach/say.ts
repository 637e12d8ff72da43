import { ALL_PORTS, type PortRange } from "../policy/ports";
import type { Access, AccessItem } from "./access";

/** What people call ports: "tcp/6333" to "qdrant". */
export type ServiceNames = Readonly<Record<string, string>>;

/** "tcp/22", "tcp+udp/53,8000-8010", "tcp+udp/*", "icmp" */
export function sayItem(
  { protocols, ports }: Pick<AccessItem, "protocols" | "ports">,
  services: ServiceNames = {},
): string {
  const names = protocols.join("+");
  if (protocols.every((protocol) => !["tcp", "udp", "sctp"].includes(protocol))) return names;
  const text = `${names}/${sayPorts(ports)}`;
  const service = Object.hasOwn(services, text) ? services[text] : undefined;
  return service === undefined ? text : `${text} (${service})`;
}

export function sayPorts(ports: readonly PortRange[]): string {
  return ports
    .map(([first, last]) => {
      if (first === ALL_PORTS[0] && last === ALL_PORTS[1]) return "*";
      return first === last ? String(first) : `${first}-${last}`;
    })
    .join(",");
}

/** The ports of an access, rules aside. */
export function sayPortsOf(access: Access, services?: ServiceNames): string {
  return access.map((item) => sayItem(item, services)).join(", ");
}

/** "a", "a and b", "a, b and c" */
export function sayList(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
