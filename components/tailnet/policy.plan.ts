import type { AclRule, Policy, Server, SshRule, Table } from "./policy";
import { routedCidrs, serviceCidrOf } from "../../stacks/estate";
import { planTests } from "./policy.tests";
import {
  networkOf,
  ownTag,
  routersOf,
  servicesHost,
  sorted,
  sortedEntries,
  toAlias,
  type Topology,
  userOf,
} from "./topology";

/**
 * A compiled policy: the part of a policy file that an estate uses, the same form for both control servers.
 *
 * Access is written as ACLs, not as grants: a spec says who opens which port where, and that is all that an ACL can say.
 * Both servers compile the two to the same packet filter (Headscale turns ACLs into grants first: hscontrol/policy/v2,
 * compileGrants, 0.29.1); what grants have beyond, rights inside applications and routers to go by, no spec speaks of.
 */
export interface TailnetPolicy extends Policy {
  readonly groups: Table<readonly string[]>;
  readonly tagOwners: Table<readonly string[]>;
  readonly hosts: Table<string>;
  /** Always there: without the key Headscale allows everything, an empty list denies everything. */
  readonly acls: readonly AclRule[];
  readonly autoApprovers: { readonly routes: Table<readonly string[]> };
  readonly ssh: readonly SshRule[];
  readonly tests: NonNullable<Policy["tests"]>;
}

/** Carried by the OAuth client with which the program manages a tailnet on Tailscale; by no machine. */
export const managerTag = "tag:estate";

/**
 * Compiles the tailnet policy from what machines and apps serve, and to whom. Nothing declared, nothing reachable. The
 * same estate gives the same policy in whatever order it is written. What a policy cannot express, the loader has refused
 * (stacks/checks/tailnetReach.ts); that it says what the spec says is proven by provePolicy.
 */
export function planPolicy(topology: Topology): TailnetPolicy {
  return {
    groups: planGroups(topology),
    tagOwners: planTagOwners(topology),
    hosts: planHosts(topology),
    acls: [...machineRules(topology), ...appRules(topology), ...sshAccess(topology)],
    autoApprovers: { routes: planRoutes(topology) },
    ssh: sshEntries(topology).map((entry) => planSsh(topology, entry)),
    tests: planTests(topology),
  };
}

/**
 * The policy as a control server is given it: strict JSON, indented, for people to read in state and preview.
 *
 * Tailscale gets its tests along, and runs them whenever somebody changes the policy. Headscale refuses a policy with a test
 * about a tag that no node carries or a user without a node (hscontrol/policy/v2/test.go, runPolicyTest, 0.29.1), so before
 * the first machine has joined it could hold none: it gets the policy without.
 */
export function policyText(policy: TailnetPolicy, server: Server): string {
  const { tests, ...rest } = policy;
  const written = server === "tailscale" ? { ...rest, tests } : withSshRule(rest);
  return `${JSON.stringify(written, undefined, 2)}\n`;
}

/**
 * Headscale tells its nodes nothing of SSH when a policy has no rule for it, and nodes that are connected keep the rules that
 * they had: whoever was allowed before stays so (hscontrol/mapper/builder.go, WithSSHPolicy, 0.29.1). A policy with a rule
 * that concerns nobody takes the others back.
 */
function withSshRule(policy: Omit<TailnetPolicy, "tests">): Omit<TailnetPolicy, "tests"> {
  if (policy.ssh.length > 0) return policy;
  const nobodys: SshRule = { action: "accept", src: [managerTag], dst: [managerTag], users: ["nobody"] };
  return { ...policy, tagOwners: { [managerTag]: [], ...policy.tagOwners }, ssh: [nobodys] };
}

function planGroups(topology: Topology): Record<string, string[]> {
  const { people } = topology;
  const groups = sorted(Object.values(people).flatMap((person) => person.groups));
  const members = (group: string) =>
    sorted(
      Object.entries(people).flatMap(([name, person]) =>
        person.groups.includes(group) ? [userOf(topology, name)] : [],
      ),
    );
  return Object.fromEntries(groups.map((group) => [`group:${group}`, members(group)]));
}

/**
 * A machine's own tag belongs to whoever owns its declared tags; without any, to the groups that own any tag. On Tailscale
 * an OAuth client gives its keys only tags that its own tag owns (https://tailscale.com/kb/1215/oauth-clients), so that is
 * an owner of all.
 */
function planTagOwners(topology: Topology): Record<string, string[]> {
  const { machines, tailnet } = topology;
  const ownersOf = (tags: readonly string[]) =>
    tags.flatMap((tag) => tailnet.tags[tag]?.owners.map((owner) => toAlias(topology, owner)) ?? []);
  const groups = ownersOf(Object.keys(tailnet.tags)).filter((owner) => owner.startsWith("group:"));
  const manager = tailnet.control.kind === "tailscale" ? [managerTag] : [];
  const declared = Object.keys(tailnet.tags).map((tag): [string, string[]] => [`tag:${tag}`, ownersOf([tag])]);
  const own = Object.entries(machines).map(([name, { tags }]): [string, string[]] => [
    ownTag(name),
    tags.length === 0 ? groups : ownersOf(tags),
  ]);
  const owned = [...own, ...declared].map(([tag, owners]): [string, string[]] => [
    tag,
    sorted([...owners, ...manager]),
  ]);
  const managed = manager.map((tag): [string, string[]] => [tag, sorted(groups)]);
  return Object.fromEntries(sortedEntries(Object.fromEntries([...owned, ...managed])));
}

function planHosts({ clusters, machines }: Topology): Record<string, string> {
  return {
    ...Object.fromEntries(
      sortedEntries(clusters).flatMap(([name, cluster]) => {
        const cidr = serviceCidrOf(cluster);
        return cidr === undefined ? [] : [[servicesHost(name), networkOf(cidr)]];
      }),
    ),
    ...Object.fromEntries(
      sortedEntries(machines).flatMap(([name, { advertises }]) =>
        sorted(advertises.map(networkOf)).map((cidr) => [`${name}-${cidr.replace("/", "-")}`, cidr]),
      ),
    ),
  };
}

function machineRules(topology: Topology): AclRule[] {
  return sortedEntries(topology.machines).flatMap(([name, { serves }]) => serviceRules(topology, ownTag(name), serves));
}

/** Apps are reached through a subnet router of their cluster, at the addresses of its services. */
function appRules(topology: Topology): AclRule[] {
  return sortedEntries(topology.apps).flatMap(([, { on, serves }]) => serviceRules(topology, servicesHost(on), serves));
}

function serviceRules(topology: Topology, destination: string, serves: Topology["apps"][string]["serves"]): AclRule[] {
  return sortedEntries(serves).flatMap(([, { port, protocol, to }]): AclRule[] =>
    to.length === 0
      ? []
      : [
          {
            action: "accept",
            proto: protocol,
            src: sorted(to.map((who) => toAlias(topology, who))),
            dst: [`${destination}:${port}`],
          },
        ],
  );
}

type SshEntry = Topology["tailnet"]["ssh"][number];

/** Each declared session once, in an order that does not depend on how the list is written. */
function sshEntries({ tailnet }: Topology): SshEntry[] {
  const key = ({ from, to, users }: SshEntry) => [from, to, ...sorted(users)].join("\n");
  const byKey = Object.fromEntries(tailnet.ssh.map((entry) => [key(entry), entry]));
  return sortedEntries(byKey).map(([, entry]) => entry);
}

/** An SSH rule says who may be whom on the machine; the packets to port 22 need a rule of their own. */
function sshAccess(topology: Topology): AclRule[] {
  return sshEntries(topology).map(({ from, to }) => ({
    action: "accept",
    proto: "tcp",
    src: [toAlias(topology, from)],
    dst: [`${to}:22`],
  }));
}

/**
 * People prove themselves again ("check", from Headscale 0.29 on: by OIDC, or by an administrator's
 * `headscale auth approve` on the hub); machines cannot, so theirs are "accept": tagged sources cannot use check mode
 * (https://github.com/juanfont/headscale/releases/tag/v0.29.0).
 */
function planSsh(topology: Topology, { from, to, users }: SshEntry): SshRule {
  const src = toAlias(topology, from);
  return { action: src.startsWith("tag:") ? "accept" : "check", src: [src], dst: [to], users: sorted(users) };
}

/** Networks approved without a click: a machine's own, and those of a cluster for each of its control planes. */
function planRoutes({ clusters, machines }: Topology): Record<string, string[]> {
  const routes: Record<string, string[]> = {};
  const approve = (cidr: string, tag: string) => (routes[networkOf(cidr)] ??= []).push(tag);
  for (const [name, { advertises }] of Object.entries(machines)) {
    for (const cidr of advertises) approve(cidr, ownTag(name));
  }
  for (const cluster of Object.values(clusters)) {
    for (const name of routersOf(cluster)) routedCidrs(cluster).forEach((cidr) => approve(cidr, ownTag(name)));
  }
  return Object.fromEntries(sortedEntries(routes).map(([cidr, tags]) => [cidr, sorted(tags)]));
}
