import { ALL_PORTS, type PortRange } from "../policy/ports";
import { hasPorts, ICMP, protocolName } from "../policy/protocol";
import type { Entry } from "./entries";
import { segmentsOf, type Opening } from "./segments";

/** Some ports of some protocols, and the rules that open them. */
export interface AccessItem {
  /** By name: tcp, udp, sctp, ...; "icmp" stands alone where nothing but pings goes through. */
  readonly protocols: readonly string[];
  readonly ports: readonly PortRange[];
  /** acls[3] */
  readonly rules: readonly string[];
}

/** All that somebody may open somewhere; no two items overlap. Whoever may open anything may ping as well. */
export type Access = readonly AccessItem[];

/**
 * Works out what entries open together, many times for the same entries. Ports that are written alike are one shape, and
 * shapes that share no port need no cutting: nearly all, in policies that people write.
 */
export class AccessBuilder {
  private readonly shapes: Shape[] = [];
  private readonly shapeOf: number[];

  constructor(private readonly entries: readonly Entry[]) {
    const known = new Map<string, number>();
    this.shapeOf = entries.map((entry) => {
      const { protocols, ports } = openedBy(entry);
      const key = `${protocols.join()} ${ports.join(" ")}`;
      const id = known.get(key) ?? this.shapes.length;
      if (id === this.shapes.length) this.shapes.push(shapeOf(id, protocols, ports));
      known.set(key, id);
      return id;
    });
    for (const [one, other] of this.shapes.flatMap((shape) =>
      this.shapes.map((another) => [shape, another] as const),
    )) {
      if (one !== other && doOverlap(one, other)) one.overlaps.add(other.id);
    }
  }

  /** What the entries of these numbers, ascending, open together. Equal access is equal data. */
  access(indexes: readonly number[]): Access {
    const found = this.openings(indexes);
    const whole: Opening[] = [];
    const cut: Opening[] = [];
    for (const [id, opening] of found) (hasAny(found, this.shapes[id]?.overlaps) ? cut : whole).push(opening);
    const all = cut.length === 0 ? whole : [...whole, ...segmentsOf(cut, this.rulesOf(indexes))];
    return together(all).map(named);
  }

  /** The shapes of entries, each once, with the rules that have them. */
  private openings(indexes: readonly number[]): Map<number, Opening & { rules: string[] }> {
    const found = new Map<number, Opening & { rules: string[] }>();
    for (const index of indexes) {
      const id = this.shapeOf[index] ?? 0;
      const [rule = "", shape] = [this.entries[index]?.rule, this.shapes[id]];
      const before = found.get(id);
      if (before === undefined)
        found.set(id, { protocols: shape?.protocols ?? PING, ports: shape?.ports ?? [], rules: [rule] });
      else if (before.rules.at(-1) !== rule) before.rules.push(rule);
    }
    return found;
  }

  private rulesOf(indexes: readonly number[]): string[] {
    return indexes.flatMap((index) => this.entries[index]?.rule ?? []);
  }
}

interface Shape {
  readonly id: number;
  readonly protocols: readonly number[];
  readonly ports: readonly PortRange[];
  /** Numbers of the shapes that share a port of a protocol with it. */
  readonly overlaps: Set<number>;
}

const PING = ICMP.slice(0, 1);

function hasAny(found: ReadonlyMap<number, unknown>, ids: ReadonlySet<number> = new Set()): boolean {
  if (ids.size === 0) return false;
  for (const id of ids) {
    if (found.has(id)) return true;
  }
  return false;
}

/** Protocols that an entry really opens, and their ports in order without repetition. */
function openedBy({ protocols, ports }: Entry): Pick<Opening, "protocols" | "ports"> {
  const isEvery = ports.some(([first, last]) => first === ALL_PORTS[0] && last === ALL_PORTS[1]);
  const connections = protocols.filter((number) => !ICMP.includes(number) && (hasPorts(number) || isEvery));
  if (connections.length === 0) return { protocols: PING, ports: [ALL_PORTS] };
  return { protocols: connections, ports: isEvery ? [ALL_PORTS] : inOrder(ports) };
}

function shapeOf(id: number, protocols: readonly number[], ports: readonly PortRange[]): Shape {
  return { id, protocols, ports, overlaps: new Set() };
}

/** Where an item stands among others: by its first port, then by its first protocol. */
function orderOf({ protocols, ports }: Pick<Opening, "protocols" | "ports">): number {
  return (ports[0]?.[0] ?? 0) * 1000 + (protocols[0] ?? 0);
}

function inOrder(ports: readonly PortRange[]): PortRange[] {
  const ordered: PortRange[] = [];
  for (const range of [...ports].sort((a, b) => a[0] - b[0])) {
    const before = ordered.at(-1);
    if (before !== undefined && range[0] <= before[1] + 1)
      ordered[ordered.length - 1] = [before[0], Math.max(before[1], range[1])];
    else ordered.push(range);
  }
  return ordered;
}

function doOverlap(one: Shape, other: Shape): boolean {
  if (!one.protocols.some((protocol) => other.protocols.includes(protocol))) return false;
  return one.ports.some(([first, last]) => other.ports.some((range) => range[0] <= last && first <= range[1]));
}

/** What belongs to the same rules in one. Only openings with the same first rule can have all rules the same. */
function together(openings: readonly Opening[]): Opening[] {
  const groups = new Map<string, Opening[]>();
  for (const opening of openings) {
    const first = opening.rules[0] ?? "";
    const group = groups.get(first);
    if (group === undefined) groups.set(first, [opening]);
    else group.push(opening);
  }
  const all: Opening[] = [];
  for (const group of groups.values()) all.push(...(group.length === 1 ? group : joined(group)));
  return all.sort((a, b) => orderOf(a) - orderOf(b));
}

/** Ports of one protocol by the same rules in one, then protocols that have the same ports by the same rules. */
function joined(openings: readonly Opening[]): Opening[] {
  const byRules = new Map<string, Opening>();
  for (const { protocols, ports, rules } of openings) {
    for (const protocol of protocols) {
      const key = `${protocol} ${rules.join()}`;
      const before = byRules.get(key);
      const all = before === undefined ? ports : inOrder([...before.ports, ...ports]);
      byRules.set(key, { protocols: [protocol], ports: all, rules });
    }
  }
  const byPorts = new Map<string, Opening>();
  for (const { protocols, ports, rules } of byRules.values()) {
    const key = `${ports.join(" ")} ${rules.join()}`;
    const all = [...(byPorts.get(key)?.protocols ?? []), ...protocols].sort((a, b) => a - b);
    byPorts.set(key, { protocols: all, ports, rules });
  }
  return [...byPorts.values()];
}

/** Names of lists of protocols: items are many, lists are few. */
const NAMES = new WeakMap<readonly number[], readonly string[]>();

function named({ protocols, ports, rules }: Opening): AccessItem {
  const names = NAMES.get(protocols) ?? protocols.map(protocolName);
  NAMES.set(protocols, names);
  return { protocols: names, ports, rules };
}
