import fc from "fast-check";
import type { AclRule, GrantRule, Policy } from "../../../../../components/tailnet/policy";
import type { PolicyNode, PolicyUser } from "../../../../../components/tailnet/reach";

/** A small tailnet in which every kind of node there is occurs: users, tags, both families, routers, an exit node. */
export const users: readonly PolicyUser[] = [
  { name: "ada", email: "ada@estate.example" },
  { name: "bob", email: "bob@estate.example" },
  { name: "eve", email: "eve@other.example" },
];

export const nodes: readonly PolicyNode[] = [
  { name: "ada-laptop", addresses: ["100.64.0.1", "fd7a:115c:a1e0::1"], user: "ada" },
  { name: "ada-phone", addresses: ["100.64.0.2", "fd7a:115c:a1e0::2"], user: "ada" },
  { name: "bob-laptop", addresses: ["100.64.0.3", "fd7a:115c:a1e0::3"], user: "bob" },
  { name: "eve-laptop", addresses: ["100.64.0.4"], user: "eve" },
  { name: "web", addresses: ["100.64.0.5", "fd7a:115c:a1e0::5"], tags: ["tag:web"] },
  { name: "db", addresses: ["100.64.0.6", "fd7a:115c:a1e0::6"], tags: ["tag:db"] },
  { name: "both", addresses: ["100.64.0.7", "fd7a:115c:a1e0::7"], tags: ["tag:db", "tag:web"] },
  {
    name: "router",
    addresses: ["100.64.0.8", "fd7a:115c:a1e0::8"],
    tags: ["tag:router"],
    routes: ["10.33.0.0/16", "fd00:33::/64"],
  },
  { name: "spare", addresses: ["100.64.0.9", "fd7a:115c:a1e0::9"], tags: ["tag:web"], routes: ["10.33.0.0/16"] },
  { name: "exit", addresses: ["100.64.0.10", "fd7a:115c:a1e0::a"], tags: ["tag:exit"], routes: ["0.0.0.0/0", "::/0"] },
];

/** What every policy here defines. */
export const definitions = {
  groups: { "group:dev": ["ada@", "bob@estate.example"], "group:empty": [] },
  hosts: {
    office: "10.33.7.0/24",
    lan: "10.33.0.0/16",
    dbhost: "100.64.0.6",
    half: "100.64.0.4/30",
    far: "192.168.9.0/24",
  },
  tagOwners: { "tag:web": ["group:dev"], "tag:db": ["tag:web"], "tag:router": [], "tag:exit": [], "tag:unused": [] },
} as const satisfies Policy;

const people = ["ada@", "bob@estate.example", "eve@", "nobody@", "group:dev", "group:empty", "autogroup:member"];
const others = [
  ...["tag:web", "tag:db", "tag:router", "tag:exit", "tag:unused", "autogroup:tagged"],
  ...[
    "office",
    "lan",
    "dbhost",
    "half",
    "far",
    "100.64.0.3",
    "fd7a:115c:a1e0::/125",
    "10.33.0.0/16",
    "8.8.8.0/24",
    "fd00:33::7",
  ],
];
const sources = [...people, ...others, "*", "autogroup:danger-all"];
const targets = [...people, ...others, "*", "autogroup:internet"];
const ports = ["22", "80,443", "1000-2000", "1500-3000,22", "*"];

const some = (of: readonly string[]) => fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
const acl: fc.Arbitrary<AclRule> = fc
  .record({
    src: some(sources),
    to: some(targets),
    at: fc.constantFrom(...ports),
    proto: fc.constantFrom(undefined, "tcp", "udp", "sctp", "icmp", "gre"),
  })
  .map(({ src, to, at, proto }) => {
    const isPortless = proto === "icmp" || proto === "gre";
    const dst = to.map((alias) => `${alias}:${isPortless ? "*" : at}`);
    return { action: "accept", ...(proto === undefined ? {} : { proto }), src, dst };
  });
const own: fc.Arbitrary<AclRule> = fc
  .tuple(some([...people, "*"]), fc.constantFrom(...ports))
  .map(([src, at]) => ({ action: "accept", src, dst: [`autogroup:self:${at}`] }));
const grant: fc.Arbitrary<GrantRule> = fc.record(
  {
    src: some(sources),
    dst: some(targets),
    ip: fc.uniqueArray(fc.constantFrom("*", "22", "tcp:80,443", "udp:1000-2000", "icmp:*", "gre:*"), { minLength: 1 }),
    via: fc.uniqueArray(fc.constantFrom("tag:router", "tag:web", "tag:exit"), { maxLength: 2 }),
  },
  { requiredKeys: ["src", "dst", "ip"] },
);

/** Policies over these nodes, with rules of every kind. */
export const policies: fc.Arbitrary<Policy> = fc
  .record({
    acls: fc.array(fc.oneof({ arbitrary: acl, weight: 4 }, { arbitrary: own, weight: 1 }), { maxLength: 5 }),
    grants: fc.array(grant, { maxLength: 3 }),
  })
  .map((rules) => ({ ...definitions, ...rules }));

export interface Point {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: string;
}

/** Questions about these nodes and the networks behind them. */
export const points: fc.Arbitrary<Point> = fc.record({
  source: fc.constantFrom(...nodes.map(({ name }) => name), "lan", "office", "fd00:33::/64"),
  destination: fc.constantFrom(...nodes.map(({ name }) => name), "lan", "office", "half", "far", "fd00:33::/64"),
  port: fc.constantFrom(1, 22, 80, 443, 999, 1000, 1500, 2000, 2001, 3000, 3001, 65535),
  protocol: fc.constantFrom("tcp", "udp", "sctp", "icmp", "gre"),
});
