import ipaddr from "ipaddr.js";
import { z } from "zod";
import { parsePolicy } from "../../providers/headscale/policy/meaning";
import { openness } from "../../providers/headscale/policy/openness";

/**
 * Says in what ways a tailnet policy allows everything; an empty list means that it does not.
 *
 * @param text the policy as HuJSON
 */
export function allowAllProblems(text: string): readonly string[] {
  if (text.trim() === "") return ["is empty, which allows everybody everything"];
  const policy = objectIn(text);
  if (policy === undefined) {
    return ["cannot be read as a HuJSON object, so nothing can be said about what it allows"];
  }
  return openness(policy);
}

const texts = z.array(z.string()).catch([]);
const owners = z.record(z.string(), texts).catch({});
const rules = z
  .array(
    z
      .object({ action: z.string().catch(""), src: texts, dst: texts, users: texts, via: texts })
      .catch({ action: "", src: [], dst: [], users: [], via: [] }),
  )
  .catch([]);
const test = z.object({ src: z.string().catch(""), accept: texts, deny: texts });
const shape = z.object({
  tagOwners: owners,
  acls: rules,
  grants: rules,
  ssh: rules,
  autoApprovers: z.object({ routes: owners, exitNode: texts }).catch({ routes: {}, exitNode: [] }),
  tests: z.array(test.catch({ src: "", accept: [], deny: [] })).catch([]),
});
type Read = z.infer<typeof shape>;

/** What the rules look at. Forgiving: what has another form is a matter of the control server, which refuses it. */
function read(text: string): Read {
  return shape.parse(objectIn(text) ?? {});
}

function objectIn(text: string): object | undefined {
  try {
    const policy: unknown = parsePolicy(text);
    return typeof policy === "object" && policy !== null && !Array.isArray(policy) ? policy : undefined;
  } catch {
    return undefined;
  }
}

/** Who is everybody: whoever has a login, or a device. */
const everybody = ["*", "autogroup:member", "autogroup:members", "autogroup:tagged", "autogroup:danger-all"];

/**
 * Tags that anybody could take: used, but not in tagOwners, or owned by everybody. A tag is what a machine may do, so whoever
 * gives tags gives rights.
 */
export function tagOwnerProblems(text: string): readonly string[] {
  const policy = read(text);
  const unowned = tagsUsed(policy).filter((tag) => !Object.hasOwn(policy.tagOwners, tag));
  const common = Object.entries(policy.tagOwners).flatMap(([tag, names]) => {
    const found = names.filter((name) => everybody.includes(name));
    return found.length === 0 ? [] : [`lets ${found.join(" and ")} give ${tag}`];
  });
  return [...unowned.map((tag) => `uses ${tag}, which has no owner`), ...common];
}

function tagsUsed({ tagOwners, acls, grants, ssh, autoApprovers, tests }: Read): string[] {
  const words = [
    ...[...acls, ...grants, ...ssh].flatMap(({ src, dst, via }) => [...src, ...dst, ...via]),
    ...Object.values(tagOwners).flat(),
    ...Object.values(autoApprovers.routes).flat(),
    ...autoApprovers.exitNode,
    ...tests.flatMap(({ src, accept, deny }) => [src, ...accept, ...deny]),
  ];
  const tags = words.flatMap((word) => /^tag:[^:]+/.exec(word)?.[0] ?? []);
  return [...new Set(tags)].sort();
}

/** Private networks (RFC 1918, RFC 4193) with the shortest prefix that may approve itself: Kubernetes' services are a /12. */
const approvable = [
  ["10.0.0.0/8", 12],
  ["172.16.0.0/12", 12],
  ["192.168.0.0/16", 16],
  ["fc00::/7", 48],
] as const;

/** Networks that nobody has to look at before traffic to them takes another way: too wide, or not private. */
export function autoApproverProblems(text: string): readonly string[] {
  const { routes, exitNode } = read(text).autoApprovers;
  const wide = Object.keys(routes).flatMap((cidr) => {
    const problem = routeProblem(cidr);
    return problem === undefined ? [] : [`approves ${cidr} by itself, ${problem}`];
  });
  return exitNode.length === 0 ? wide : [...wide, `lets ${exitNode.join(", ")} become exit nodes by themselves`];
}

function routeProblem(cidr: string): string | undefined {
  if (!ipaddr.isValidCIDR(cidr)) return "which is no network";
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const home = approvable.find(([range]) => {
    const [network, bits] = ipaddr.parseCIDR(range);
    return network.kind() === address.kind() && prefix >= bits && address.match(network, bits);
  });
  if (home === undefined) return "which is no private network";
  return prefix < home[1] ? `which is wider than /${home[1]}` : undefined;
}

/** SSH rules that make more of a session than its user needs: root, and people who need not prove themselves. */
export function sshProblems(text: string): readonly string[] {
  return read(text).ssh.flatMap(({ action, src, users }, index) => {
    const people = src.filter((source) => !source.startsWith("tag:"));
    const unproven = action !== "check" && people.length > 0;
    return [
      ...(users.includes("root") ? [`lets ${src.join(", ")} log in as root (ssh[${index}])`] : []),
      ...(unproven ? [`lets ${people.join(", ")} log in without proving who they are (ssh[${index}])`] : []),
    ];
  });
}

/** What the policy's own tests leave out; a policy without rules has nothing to test. */
export function testProblems(text: string): readonly string[] {
  const { acls, grants, tests } = read(text);
  if (acls.length + grants.length === 0) return [];
  const accepts = tests.some(({ accept }) => accept.length > 0);
  const denies = tests.some(({ deny }) => deny.length > 0);
  return [
    ...(accepts ? [] : ["has no test that says who must get through"]),
    ...(denies ? [] : ["has no test that says who must not get through"]),
  ];
}
