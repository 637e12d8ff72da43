import { PolicyError } from "../policy/problems";
import { allows } from "./allows";
import type { Reachability } from "./reachability";
import { logsIn, sshLines } from "./ssh";

export interface SshQuestion {
  /** Names of nodes. */
  readonly source: string;
  readonly destination: string;
  /** The login name on the destination. */
  readonly user: string;
}

export type SshAnswer =
  | {
      readonly allowed: true;
      /** "check": the user proves themselves again first. */
      readonly action: "accept" | "check";
      /** ssh[2] */
      readonly rule: string;
      /** How long a proof lasts; only with "check". */
      readonly checkPeriod?: string;
      /** Whether packets reach port 22 as well: a session needs both. */
      readonly reachable: boolean;
    }
  | { readonly allowed: false };

/**
 * Whether the SSH policy lets somebody in, and how. It is about SSH that the tailnet's client serves itself.
 *
 * @throws PolicyError when the question names a node that does not exist
 */
export function sshAllows(reachability: Reachability, { source, destination, user }: SshQuestion): SshAnswer {
  const { nodes } = reachability.network;
  const [from, at] = [source, destination].map((name) => nodes.find((node) => node.name === name));
  const problems = [
    ...(from === undefined ? [unknown("source", source)] : []),
    ...(at === undefined ? [unknown("destination", destination)] : []),
  ];
  if (from === undefined || at === undefined) throw new PolicyError(problems, "The question");
  const line = sshLines(reachability, at).find(
    ({ sources, ...rest }) => sources.has(from.index) && logsIn({ sources, ...rest }, user),
  );
  if (line === undefined) return { allowed: false };
  const reachable = allows(reachability, { source, destination, port: 22 }).allowed;
  const { action, rule, checkPeriod } = line;
  return { allowed: true, action, rule, ...(action === "check" ? { checkPeriod } : {}), reachable };
}

function unknown(path: string, value: string) {
  return { path, value, reason: "is unknown", allowed: "the name of a node", remedy: "correct it" };
}
