import type { AclRule, TailnetPolicy } from "./policy.plan";
import { joins, sortedEntries, tagsOf, type Topology } from "./topology";

/** A node of the tailnet: tagged, or of a user, never both (Headscale 0.28 and later). */
export interface TailnetNode {
  /** machine:NAME, person:NAME for a device of theirs, or runners:REPOSITORY. */
  readonly name: string;
  /** "tag:docker"; none for a person's device. */
  readonly tags: readonly string[];
  /** The user as policies write it: "ada@". */
  readonly user?: string;
}

/** Somebody reaches a port somewhere, and by which rule of the policy. */
export interface Reach {
  readonly from: string;
  /** A node, or network:NAME for a host of the policy. */
  readonly to: string;
  readonly port: number;
  readonly protocol: AclRule["proto"];
  /** Path in the policy: acls[3]. */
  readonly rule: string;
}

/**
 * Who reaches what under a compiled policy, in the order of its rules. Knows what planPolicy writes: users, groups, tags and
 * hosts, single ports. Anything else is an error, never a guess.
 */
export function reach(policy: TailnetPolicy, nodes: readonly TailnetNode[]): Reach[] {
  return policy.acls.flatMap(({ proto, src, dst }, index) => {
    const sources = nodes.filter((node) => src.some((alias) => isMeant(policy, alias, node)));
    const targets = dst.flatMap((destination) => targetsOf(policy, destination, nodes));
    return sources.flatMap(({ name }) =>
      targets
        .filter(({ to }) => to !== name)
        .map(({ to, port }): Reach => ({ from: name, to, port, protocol: proto, rule: `acls[${index}]` })),
    );
  });
}

/** The nodes an estate will have: its machines that join, one device per person, one runner per pool. */
export function nodesOf(topology: Topology): TailnetNode[] {
  return [
    ...sortedEntries(topology.machines)
      .filter(([name, machine]) => joins(topology, name, machine))
      .map(([name, machine]) => ({ name: `machine:${name}`, tags: tagsOf(name, machine) })),
    ...sortedEntries(topology.people).map(([name]) => ({ name: `person:${name}`, tags: [], user: `${name}@` })),
    ...sortedEntries(topology.repositories).flatMap(([name, { runners }]) =>
      runners === undefined ? [] : [{ name: `runners:${name}`, tags: [`tag:${runners.ephemeral.tag}`] }],
    ),
  ];
}

function targetsOf(policy: TailnetPolicy, destination: string, nodes: readonly TailnetNode[]) {
  const colon = destination.lastIndexOf(":");
  const alias = destination.slice(0, colon);
  const port = Number(destination.slice(colon + 1));
  if (!Number.isInteger(port)) throw new Error(`"${destination}" names no single port: its reach is not computed`);
  if (Object.hasOwn(policy.hosts, alias)) return [{ to: `network:${alias}`, port }];
  return nodes.filter((node) => isMeant(policy, alias, node)).map(({ name }) => ({ to: name, port }));
}

function isMeant(policy: TailnetPolicy, alias: string, { tags, user }: TailnetNode): boolean {
  if (alias.startsWith("tag:")) return tags.includes(alias);
  if (alias.endsWith("@")) return user === alias;
  const members = Object.hasOwn(policy.groups, alias) ? policy.groups[alias] : undefined;
  if (members === undefined) throw new Error(`"${alias}" is no user, tag or group of the policy`);
  return user !== undefined && members.includes(user);
}
