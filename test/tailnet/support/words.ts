import fc from "fast-check";
import { tags } from "./population";

/** Definitions every generated policy has, so that rules can name them. */
export const definitions = {
  groups: {
    "group:dev": ["ada@", "bob@"],
    "group:ops": ["e.vance@elsewhere.example", "zoe@"],
    "group:none": [],
    "group:gone": ["ghost@"],
  },
  hosts: {
    lan: "10.10.0.0/16",
    half: "10.10.20.0/25",
    "db1-four": "100.64.0.8",
    "web1-six": "fd7a:115c:a1e0::6",
    six: "fd00:10::/64",
    nowhere: "203.0.113.0/24",
  },
  tagOwners: Object.fromEntries(tags.map((tag) => [tag, ["ada@"]])),
} as const;

const people = [
  "ada@",
  "ada@estate.example",
  "bob@",
  "eve@",
  "zoe@",
  "ghost@",
  "group:dev",
  "group:ops",
  "group:none",
  "group:gone",
];
const addresses = [
  "100.64.0.1",
  "100.64.0.9",
  "fd7a:115c:a1e0::7",
  "100.64.0.0/29",
  "100.64.0.4/30",
  "fd7a:115c:a1e0::/125",
  "10.10.0.0/16",
  "10.10.20.0/24",
  "10.10.20.7",
  // Not the network's first address.
  "10.10.5.1/16",
  "10.0.0.0/8",
  "192.168.0.0/16",
  "fd00:10::/48",
  "8.8.8.0/24",
  "172.20.0.9/32",
  "100.64.0.0/10",
];
const hosts = Object.keys(definitions.hosts);
const wide = ["0.0.0.0/0", "::/0"];

const pick = (...words: readonly (readonly string[])[]) => fc.constantFrom(...words.flat());
const few = <T>(word: fc.Arbitrary<T>, maxLength = 3) => fc.array(word, { minLength: 1, maxLength });

/** Who may be a source of a rule. */
export const source = fc.oneof(
  { weight: 4, arbitrary: pick(people) },
  { weight: 4, arbitrary: pick(tags) },
  { weight: 2, arbitrary: pick(addresses, hosts, wide) },
  { weight: 2, arbitrary: pick(["autogroup:member", "autogroup:tagged", "*"]) },
  { weight: 1, arbitrary: pick(["autogroup:danger-all", " tag:web", "ada@ "]) },
);
export const sources = few(source);
/** Sources of rules for devices of one's own. */
export const ownSources = few(pick(people, ["autogroup:member"]));

/** What rules may open. */
export const target = fc.oneof(
  { weight: 3, arbitrary: pick(people) },
  { weight: 5, arbitrary: pick(tags) },
  { weight: 4, arbitrary: pick(addresses, hosts) },
  { weight: 2, arbitrary: pick(["autogroup:member", "autogroup:tagged", "autogroup:internet", "*"]) },
);
/** What access rules may open, and grants may not. */
export const wideTarget = fc.oneof({ weight: 20, arbitrary: target }, { weight: 1, arbitrary: pick(wide) });
/** What is behind routers. */
export const behind = pick(addresses, hosts, ["autogroup:internet", "tag:web", "*", "ada@"]);

const port = fc.constantFrom(1, 22, 53, 80, 443, 1000, 5432, 8080, 65535);
const range = fc.tuple(port, fc.constantFrom(0, 1, 2, 10, 1000)).map(([first, length]) => {
  return `${first}-${Math.min(first + length, 65535)}`;
});
const onePort = fc.oneof({ weight: 3, arbitrary: port.map(String) }, { weight: 1, arbitrary: range });
/** "22", "80,443", "8000-8010", "*". */
export const ports = fc.oneof(
  { weight: 5, arbitrary: few(onePort).map((parts) => parts.join(",")) },
  { weight: 2, arbitrary: fc.constantFrom("*", "0-65535", "1-65535", "0-22") },
);

const withPorts = ["tcp", "udp", "sctp", "6", "17", "132"];
const withoutPorts = ["icmp", "ipv6-icmp", "gre", "igmp", "47", "58", "99", "esp"];
/** A protocol of an access rule, with whether it may name ports. */
export const protocol = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 5, arbitrary: fc.constantFrom(...withPorts, "TCP", "") },
  { weight: 2, arbitrary: fc.constantFrom(...withoutPorts) },
);
export const takesPorts = (name: string | undefined) => name === undefined || !withoutPorts.includes(name);

/** What a grant opens: "*", "443", "tcp:80-90,443". */
export const opening = fc.oneof(
  { weight: 1, arbitrary: fc.constant("*") },
  { weight: 2, arbitrary: ports },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...withPorts), ports).map(([name, text]) => `${name}:${text}`) },
  { weight: 1, arbitrary: fc.constantFrom(...withoutPorts).map((name) => `${name}:*`) },
);
