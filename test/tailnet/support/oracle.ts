import { BlockList, isIPv6 } from "node:net";
import type { FilterRule } from "./protocolNode";

/** A packet that opens a connection, or asks for an echo. */
export interface Packet {
  /** Addresses of one family. */
  readonly source: string;
  readonly destination: string;
  /** IANA number. */
  readonly protocol: number;
  /** Of TCP, UDP and SCTP. */
  readonly port: number;
}

export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, gre: 47, "ipv6-icmp": 58, sctp: 132 } as const;

/** What a rule without protocols is for: wgengine/filter/tailcfg.go, defaultProtos. */
const usual: readonly number[] = [
  protocolNumbers.tcp,
  protocolNumbers.udp,
  protocolNumbers.icmp,
  protocolNumbers["ipv6-icmp"],
];
const ported: readonly number[] = [protocolNumbers.tcp, protocolNumbers.udp, protocolNumbers.sctp];
const echoes: readonly number[] = [protocolNumbers.icmp, protocolNumbers["ipv6-icmp"]];

interface Opening {
  readonly protocols: readonly number[];
  readonly first: number;
  readonly last: number;
}

/**
 * A compiled packet filter as a client holds packets against it (tailscale 1.92, wgengine/filter: filter.go runIn4, match.go),
 * written for this test alone: it shares nothing with the evaluator.
 */
export class CompiledFilter {
  private readonly rules: readonly {
    readonly sources: Addresses;
    readonly targets: readonly { readonly addresses: Addresses; readonly opening: Opening }[];
  }[];
  private readonly known = new Map<string, readonly Opening[]>();

  constructor(rules: readonly FilterRule[]) {
    this.rules = rules.map(({ SrcIPs, DstPorts, IPProto }) => {
      const named = IPProto ?? [];
      const protocols = named.length === 0 ? usual : named;
      return {
        sources: addressesOf(SrcIPs ?? []),
        targets: DstPorts.map(({ IP, Ports }) => ({
          addresses: addressesOf([IP]),
          opening: { protocols, first: Ports.First, last: Ports.Last },
        })),
      };
    });
  }

  accepts({ source, destination, protocol, port }: Packet): boolean {
    const openings = this.between(source, destination);
    // "If any port is open to an IP, allow ICMP to it": protocols and ports of the rules are not looked at.
    if (echoes.includes(protocol)) return openings.length > 0;
    const mine = openings.filter(({ protocols }) => protocols.includes(protocol));
    if (ported.includes(protocol)) return mine.some(({ first, last }) => first <= port && port <= last);
    return mine.some(({ first, last }) => first === 0 && last === 65535);
  }

  private between(source: string, destination: string): readonly Opening[] {
    const key = `${source} ${destination}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const openings = this.rules
      .filter(({ sources }) => holds(sources, source))
      .flatMap(({ targets }) => targets.filter(({ addresses }) => holds(addresses, destination)))
      .map(({ opening }) => opening);
    this.known.set(key, openings);
    return openings;
  }
}

/** Addresses in one list per family: a BlockList takes IPv4 addresses to be in ::/0 as well. */
interface Addresses {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

export function holds(addresses: Addresses, address: string): boolean {
  const family = familyOf(address);
  return addresses[family].check(address, family);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/** "*", an address, a network or a range from-to. */
export function addressesOf(words: readonly string[]): Addresses {
  const addresses = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const word of words.flatMap((text) => (text === "*" ? ["0.0.0.0/0", "::/0"] : [text]))) {
    const [network = "", bits] = word.split("/");
    const [from = "", to] = word.split("-");
    const family = familyOf(bits === undefined ? from : network);
    if (bits !== undefined) addresses[family].addSubnet(network, Number(bits), family);
    else if (to !== undefined) addresses[family].addRange(from, to, family);
    else addresses[family].addAddress(word, family);
  }
  return addresses;
}

/** What an exit node passes on nothing to, whatever its filter says: tailscale, ipnlocal/local.go, removeFromDefaultRoute. */
const keptFromExits = addressesOf([
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "100.64.0.0/10",
  "fe80::/10",
  "ff00::/8",
  "fd7a:115c:a1e0::/48",
]);

export function passesExits(address: string): boolean {
  return !holds(keptFromExits, address);
}
