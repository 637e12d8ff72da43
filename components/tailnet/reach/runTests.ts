import { parseAlias, splitTarget } from "../policy/alias";
import { overlaps, type IpRange } from "../policy/ip";
import type { Policy, PolicyTest } from "../policy/model";
import { parsePorts, type PortRange } from "../policy/ports";
import { DEFAULT_PROTOCOLS, protocolNumber } from "../policy/protocol";
import type { Entry } from "./entries";
import { addressesOf, networksOf } from "./ipSet";
import { usersNamed, type PolicyNode } from "./nodes";
import { compile, type CompileOptions, type Reachability } from "./reachability";
import { runSshTests } from "./runSshTests";

/** One test of a policy and how it went. */
export interface TestOutcome {
  /** tests[0] or sshTests[2] */
  readonly path: string;
  readonly passed: boolean;
  /** Why not: every assertion that does not hold, and whatever could not be asked. */
  readonly reasons: readonly string[];
}

/**
 * The policy's own tests, as the server runs them when a policy is set (Headscale: hscontrol/policy/v2/test.go): every
 * address of the source has to get through for "accept"; rules for autogroup:self and rules with via do not count.
 *
 * @throws PolicyError as compile does
 */
export function runTests(policy: Policy, nodes: readonly PolicyNode[], options: CompileOptions = {}): TestOutcome[] {
  const reachability = compile(policy, nodes, options);
  const rules = reachability.entries.filter(({ targets, via }) => targets !== "self" && via.length === 0);
  const tests = (policy.tests ?? []).map((test, index) => runTest(reachability, test, `tests[${index}]`, rules));
  return [...tests, ...runSshTests(reachability)];
}

/** The addresses a source or destination of a test stands for, as networks; or why it stands for none. */
export function resolveForTest({ policy, sides, network }: Reachability, alias: string): IpRange[] | string {
  const parsed = parseAlias(alias);
  if (parsed.kind === "autogroup" && alias === "autogroup:self") return `"${alias}" depends on who asks`;
  const words = parsed.kind === "user" ? [alias] : parsed.kind === "group" ? (policy.groups?.[alias] ?? []) : [];
  const [unclear] = words.filter((word) => usersNamed(network.users, word).length !== 1);
  if (unclear !== undefined) return `"${unclear}" is not one user`;
  const ranges = addressesOf(sides.resolve(alias), network.nodes);
  return ranges.length === 0 ? `"${alias}" has no addresses` : ranges.flatMap(networksOf);
}

function runTest(reachability: Reachability, test: PolicyTest, path: string, rules: readonly Entry[]): TestOutcome {
  const sources = resolveForTest(reachability, test.src);
  if (typeof sources === "string") return { path, passed: false, reasons: [sources] };
  const number = test.proto === undefined || test.proto === "" ? undefined : protocolNumber(test.proto);
  const protocols = number === undefined ? DEFAULT_PROTOCOLS : [number];
  const check = (text: string, isWanted: boolean): string[] => {
    const isAllowed = isReached(reachability, sources, text, protocols, rules);
    if (typeof isAllowed === "string") return [isAllowed];
    if (isAllowed === isWanted) return [];
    return [`${test.src} -> ${text}${test.proto === undefined ? "" : ` (${test.proto})`}: ${wanted(isWanted)}`];
  };
  const reasons = [
    ...(test.accept ?? []).flatMap((text) => check(text, true)),
    ...(test.deny ?? []).flatMap((text) => check(text, false)),
  ];
  return { path, passed: reasons.length === 0, reasons };
}

export function wanted(isWanted: boolean): string {
  return isWanted ? "must be allowed and is denied" : "must be denied and is allowed";
}

function isReached(
  reachability: Reachability,
  sources: readonly IpRange[],
  text: string,
  protocols: readonly number[],
  rules: readonly Entry[],
): boolean | string {
  const target = splitTarget(text);
  const ports = "wrong" in target ? target : parsePorts(target.ports);
  if ("wrong" in target || "wrong" in ports) return `"${text}" is no destination`;
  const targets = resolveForTest(reachability, target.alias);
  if (typeof targets === "string") return targets;
  const { nodes } = reachability.network;
  const open = rules
    .filter((rule) => isOfProtocol(rule, protocols) && hasPort(rule, ports))
    .filter(({ targets: to }) => to !== "self" && isAmong(addressesOf(to, nodes), targets))
    .map((rule) => addressesOf(rule.sources, nodes));
  return sources.every((source) => open.some((ranges) => isAmong(ranges, [source])));
}

/** A rule without a protocol counts for every one here, though clients take it for the default ones (ruleMatchesProto). */
function isOfProtocol(rule: Entry, protocols: readonly number[]): boolean {
  return rule.protocols === DEFAULT_PROTOCOLS || rule.protocols.some((protocol) => protocols.includes(protocol));
}

function hasPort(rule: Entry, ports: readonly PortRange[]): boolean {
  return ports.some((asked) => rule.ports.some(([first, last]) => first <= asked[0] && asked[1] <= last));
}

function isAmong(ranges: readonly IpRange[], asked: readonly IpRange[]): boolean {
  return ranges.some((range) => asked.some((other) => overlaps(range, other)));
}
