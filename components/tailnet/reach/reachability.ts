import { parseNetwork } from "../policy/ip";
import type { Policy, Server } from "../policy/model";
import { refuseIfAny } from "../policy/problems";
import { checkPolicy } from "../policy/check";
import { acquaintancesOf, entriesOf, type Entry } from "./entries";
import { readNodes, type KnownNode, type Network, type PolicyNode, type PolicyUser } from "./nodes";
import { Sides } from "./sides";
import type { Party } from "./spots";
import { unsupported } from "./unsupported";

export interface CompileOptions {
  /** Whose rules hold. @default "headscale" */
  readonly server?: Server;
  /** The users that the server knows. @default the users that nodes name */
  readonly users?: readonly PolicyUser[];
}

/** A policy compiled for the nodes of a tailnet: what questions are asked of. */
export interface Reachability {
  readonly policy: Policy;
  readonly server: Server;
  readonly network: Network;
  readonly sides: Sides;
  /** What the rules open, in the order of the policy. */
  readonly entries: readonly Entry[];
  /** What shows nodes to each other: the entries, and grants of capabilities. */
  readonly acquaintances: readonly Entry[];
}

/**
 * Compiles a policy for the nodes of a tailnet.
 *
 * @throws PolicyError with everything that the server would refuse, that nodes and users have wrong, or that cannot be
 *   evaluated: what is not supported is never guessed
 */
export function compile(policy: Policy, nodes: readonly PolicyNode[], options: CompileOptions = {}): Reachability {
  const { server = "headscale", users } = options;
  refuseIfAny(checkPolicy(policy, server));
  const network = readNodes(nodes, users);
  refuseIfAny(unsupported(policy, server, network));
  const sides = new Sides(policy, network, server);
  const entries = entriesOf(policy, sides);
  const acquaintances = [...entries, ...acquaintancesOf(policy, sides)];
  return { policy, server, network, sides, entries, acquaintances };
}

/** A node by its name, an address, a network, or a host of the policy; undefined when it is none of them. */
export function partyNamed({ network, policy }: Reachability, name: string): Party | undefined {
  const node = network.nodes.find((candidate) => candidate.name === name);
  if (node !== undefined) return partyOf(node);
  const host = Object.hasOwn(policy.hosts ?? {}, name) ? policy.hosts?.[name] : undefined;
  const range = parseNetwork(host ?? name);
  if (range === undefined) return undefined;
  const inside = network.nodes.filter(({ addresses }) => addresses.some((address) => isInside(address, range)));
  const indexes = inside.map(({ index }) => index);
  return { ranges: [range], nodes: { 4: range.family === 4 ? indexes : [], 6: range.family === 6 ? indexes : [] } };
}

export function partyOf(node: KnownNode): Party {
  const inFamily = (family: 4 | 6) => (node.addresses.some((address) => address.family === family) ? [node.index] : []);
  return { node, ranges: node.addresses, nodes: { 4: inFamily(4), 6: inFamily(6) } };
}

function isInside(address: { family: number; first: bigint }, range: { family: number; first: bigint; last: bigint }) {
  return address.family === range.family && range.first <= address.first && address.first <= range.last;
}
