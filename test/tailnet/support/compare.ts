import { setImmediate } from "node:timers/promises";
import { PolicyError, readPolicy, type Server } from "../../../components/tailnet/policy";
import {
  allows,
  compile,
  type PolicyNode,
  type PolicyUser,
  type Reachability,
  sshAllows,
} from "../../../components/tailnet/reach";
import { type Family, pairsOf, portsOf, type Probe, ServerSide, type Views } from "./probes";
import { admits, logins, type SessionProbe } from "./sessions";

/** One policy that a server has judged, with all that the evaluator must be told to judge it. */
export interface Tried {
  readonly server: Server;
  readonly text: string;
  /** Why the server refuses it. */
  readonly refusal: string | undefined;
  /** What the server told the nodes. */
  readonly views: Views;
  readonly nodes: readonly PolicyNode[];
  readonly users: readonly PolicyUser[];
  /** Addresses that are tried as destinations besides nodes. */
  readonly places: readonly string[];
  /** Addresses that are tried as sources besides nodes. */
  readonly strangers: readonly string[];
  /** Whether the server told the nodes their SSH rules as well. */
  readonly sessions: boolean;
}

/** The two differ. */
export interface Disagreement {
  readonly text: string;
  readonly about: Probe | SessionProbe | "whether it is a policy";
  readonly server: string;
  readonly evaluator: string;
}

export interface Comparison {
  readonly probes: number;
  readonly disagreements: readonly Disagreement[];
}

/**
 * Holds the evaluator's answers against the server's: for every pair of ends, some of the connections that the policy is
 * about, chosen by a seed. Gives way now and then, so that the server's answers are read meanwhile.
 */
export async function compare(tried: Tried, seed: number): Promise<Comparison> {
  const { text, refusal, views } = tried;
  const read = evaluate(tried);
  if (typeof read === "string" || refusal !== undefined) return compareRefusals(text, read, refusal);
  const server = new ServerSide(tried.nodes, views);
  const connections = connectionsOf(portsOf(text));
  const draw = randomOf(seed);
  const found: Comparison[] = [];
  for (const { source, destination } of pairsOf(tried)) {
    const between = server.between(source, destination);
    const chosen = Array.from(
      { length: triesPerPair },
      () => connections[Math.floor(draw() * connections.length)] ?? ping,
    );
    const disagreements = chosen.flatMap((connection) => {
      const probe: Probe = { source, destination, ...connection };
      const [expected, answer] = [say(between(connection)), say(familiesOf(read, probe))];
      return expected === answer ? [] : [{ text, about: probe, server: expected, evaluator: answer }];
    });
    found.push({ probes: chosen.length, disagreements });
    if (found.length % 20 === 0) await setImmediate();
  }
  return sum([...found, compareSessions(tried, read)]);
}

/** Connections tried for each pair of ends. */
const triesPerPair = 6;
const ping = { protocol: "icmp", port: 0 } as const;

function compareRefusals(text: string, read: Reachability | string, refusal: string | undefined): Comparison {
  if (typeof read === "string" && refusal !== undefined) return { probes: 0, disagreements: [] };
  const sides = { server: refusal ?? "accepts it", evaluator: typeof read === "string" ? read : "accepts it" };
  return { probes: 0, disagreements: [{ text, about: "whether it is a policy", ...sides }] };
}

/** SSH sessions between all nodes. */
function compareSessions({ nodes, text, sessions, views }: Tried, read: Reachability): Comparison {
  if (!sessions) return { probes: 0, disagreements: [] };
  const probes = nodes.flatMap(({ name: source, addresses }) =>
    nodes
      .filter(({ name }) => name !== source)
      .flatMap(({ name: destination }) => logins.map((user) => ({ probe: { source, destination, user }, addresses }))),
  );
  const disagreements = probes.flatMap(({ probe, addresses }) => {
    const expected = admits(views.get(probe.destination)?.ssh ?? [], addresses, probe.user);
    const answer = sshAllows(read, probe);
    const said = answer.allowed ? answer.action : "no";
    return expected === said ? [] : [{ text, about: probe, server: expected, evaluator: said }];
  });
  return { probes: probes.length, disagreements };
}

function sum(parts: readonly Comparison[]): Comparison {
  const probes = parts.reduce((total, part) => total + part.probes, 0);
  return { probes, disagreements: parts.flatMap(({ disagreements }) => disagreements) };
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function say(families: readonly Family[]): string {
  return families.length === 0 ? "denies it" : `allows it by ${families.join(" and ")}`;
}

/** The compiled policy, or why the evaluator refuses it. */
export function evaluate({ text, server, nodes, users }: Tried): Reachability | string {
  try {
    return compile(readPolicy(text, server), nodes, { server, users });
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
}

function familiesOf(reachability: Reachability, probe: Probe): readonly Family[] {
  const answer = allows(reachability, probe);
  return answer.allowed ? answer.families : [];
}

function connectionsOf(ports: readonly number[]): readonly Pick<Probe, "protocol" | "port">[] {
  const [first = 0] = ports;
  return [
    ...ports.map((port) => ({ protocol: "tcp" as const, port })),
    ...ports.map((port) => ({ protocol: "udp" as const, port })),
    { protocol: "sctp", port: first },
    { protocol: "icmp", port: 0 },
    { protocol: "gre", port: 0 },
    { protocol: "99", port: 0 },
  ];
}
