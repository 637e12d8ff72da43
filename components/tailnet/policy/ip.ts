/** Addresses of one family as numbers, both ends included. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = { 4: 32, 6: 128 } as const;

/** An address as the servers read it (Go's netip): no leading zeros, no zones. Undefined when it is none. */
export function parseAddress(text: string): IpRange | undefined {
  const four = parseFour(text);
  if (four !== undefined) return { family: 4, first: four, last: four };
  const six = parseSix(text);
  return six === undefined ? undefined : { family: 6, first: six, last: six };
}

/** A network ("10.0.0.0/8"; host bits do not matter) or a single address. */
export function parseNetwork(text: string): IpRange | undefined {
  const slash = text.indexOf("/");
  if (slash === -1) return parseAddress(text);
  const address = parseAddress(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(bits)) return undefined;
  const size = BITS[address.family];
  if (Number(bits) > size) return undefined;
  const hostBits = BigInt(size - Number(bits));
  const first = (address.first >> hostBits) << hostBits;
  return { family: address.family, first, last: first + (1n << hostBits) - 1n };
}

export function isSingle({ first, last }: IpRange): boolean {
  return first === last;
}

export function overlaps(one: IpRange, other: IpRange): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

export function covers(outer: IpRange, inner: IpRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** What is left of a range without others, in order. */
export function without(range: IpRange, removed: readonly IpRange[]): IpRange[] {
  const { family } = range;
  const left: IpRange[] = [];
  let first = range.first;
  for (const hole of [...removed].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    if (!overlaps({ family, first, last: range.last }, hole)) continue;
    if (hole.first > first) left.push({ family, first, last: hole.first - 1n });
    first = hole.last + 1n;
    if (first > range.last) return left;
  }
  return [...left, { family, first, last: range.last }];
}

function parseFour(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseSix(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => groupsOf(half));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? joined(head) : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return joined([...head, ...Array<bigint>(8 - head.length - tail.length).fill(0n), ...tail]);
}

/** Groups of 16 bits; the last may be a dotted IPv4 address. */
function groupsOf(half: string): bigint[] | undefined {
  if (half === "") return [];
  const parts = half.split(":");
  const groups: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    const four = index === parts.length - 1 ? parseFour(part) : undefined;
    if (four !== undefined) groups.push(four >> 16n, four & 0xffffn);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function joined(groups: readonly bigint[]): bigint {
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}
