import { ALL_PORTS, parsePorts, type PortRange } from "./ports";

/** Protocols that a policy may name, with their IANA numbers (Headscale: hscontrol/policy/v2/types.go). */
const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipv4: 4,
  "ip-in-ip": 4,
  tcp: 6,
  egp: 8,
  igp: 9,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  sctp: 132,
  fc: 133,
};

export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;
/** Ping of IPv4 and of IPv6. */
export const ICMP: readonly number[] = [1, 58];

/** What a client takes a rule without a protocol for (tailscale: wgengine/filter/tailcfg.go, defaultProtos). */
export const DEFAULT_PROTOCOLS: readonly number[] = [TCP, UDP, ...ICMP];

export const PROTOCOL_NAMES = Object.keys(NUMBERS).join(", ");

/** The first name of each number. */
const NAMES = new Map(
  Object.entries(NUMBERS)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** The number of a protocol named by name or number; undefined when it is none. The empty word means the default ones. */
export function protocolNumber(text: string): number | undefined {
  const known = Object.hasOwn(NUMBERS, text) ? NUMBERS[text] : undefined;
  if (known !== undefined) return known;
  return /^[1-9]\d{0,2}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

/** The name that policies use for a protocol, or its number. */
export function protocolName(number: number): string {
  return NAMES.get(number) ?? String(number);
}

/**
 * The one spelling of a protocol: lower case, a name where there is one. Numbers are read as Headscale reads them, with
 * leading zeros, before anything is refused (types.go, Protocol.UnmarshalJSON).
 */
export function canonicalProtocol(text: string): string {
  const lower = text.toLowerCase();
  return (/^\+?\d+$/.test(lower) ? NAMES.get(Number(lower)) : undefined) ?? lower;
}

/** Only these have ports; for every other one a rule says "*". */
export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP;
}

/** Protocols and ports that a grant opens. No protocols means the default ones. */
export interface GrantPorts {
  readonly protocols: readonly number[];
  readonly ports: readonly PortRange[];
}

/** "*", "443" or "tcp:80-90" of a grant; or what is wrong with it. */
export function parseGrantPorts(text: string): GrantPorts | { readonly wrong: string } {
  if (text === "*") return { protocols: DEFAULT_PROTOCOLS, ports: [ALL_PORTS] };
  const [first = "", second, ...rest] = text.split(":");
  if (rest.length > 0) return { wrong: "has more than one colon" };
  const ports = parsePorts(second ?? first);
  if ("wrong" in ports) return ports;
  if (second === undefined || first === "") return { protocols: DEFAULT_PROTOCOLS, ports };
  const number = protocolNumber(first);
  return number === undefined ? { wrong: `"${first}" is no protocol` } : { protocols: [number], ports };
}
