import type { Policy } from "./model";

/** The order in which sections are written: what is defined first, then who may what, then tests and settings. */
const SECTIONS: readonly (keyof Policy)[] = [
  "groups",
  "hosts",
  "ipsets",
  "tagOwners",
  "postures",
  "defaultSrcPosture",
  "acls",
  "grants",
  "ssh",
  "autoApprovers",
  "nodeAttrs",
  "tests",
  "sshTests",
  "randomizeClientPort",
  "disableIPv4",
  "OneCGNATRoute",
  "derpMap",
];

/** The order of fields within rules; others follow in the order of their names. */
const FIELDS = [
  "action",
  "proto",
  "src",
  "srcPosture",
  "dst",
  "via",
  "ip",
  "app",
  "users",
  "target",
  "accept",
  "deny",
  "check",
];

/**
 * The policy as a text that both servers read: strict JSON, which is HuJSON too, with two spaces and one order of names,
 * whatever order the policy is built in. Lists keep theirs: it is the order in which rules are named.
 */
export function writePolicy(policy: Policy): string {
  const entries = SECTIONS.flatMap((section): [string, unknown][] =>
    policy[section] === undefined ? [] : [[section, ordered(policy[section])]],
  );
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const rank = (name: string) => (FIELDS.includes(name) ? FIELDS.indexOf(name) : FIELDS.length);
  const entries = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]): [string, unknown] => [name, ordered(item)]));
}
