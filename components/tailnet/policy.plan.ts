import * as pulumi from "@pulumi/pulumi";
import { tailnetProblems } from "./policy.check";
import { networkOf, ownTag, sorted, sortedEntries, toAlias, type Topology } from "./topology";

/** One access rule: sources may open connections to ports of destinations ("tag:docker:6333"). */
export interface AclRule {
  readonly action: "accept";
  readonly proto: "tcp" | "udp";
  readonly src: readonly string[];
  readonly dst: readonly string[];
}

/** One rule for SSH sessions that tailscaled itself serves. */
export interface SshRule {
  readonly action: "accept" | "check";
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly users: readonly string[];
}

/** A tailnet policy, the part of it that the estate uses: https://headscale.net/0.29.1/ref/policy/ */
export interface TailnetPolicy {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly tagOwners: Readonly<Record<string, readonly string[]>>;
  readonly hosts: Readonly<Record<string, string>>;
  /** Always there: without the key Headscale allows everything, an empty list denies everything. */
  readonly acls: readonly AclRule[];
  readonly autoApprovers: { readonly routes: Readonly<Record<string, readonly string[]>> };
  readonly ssh: readonly SshRule[];
}

/**
 * Compiles the tailnet policy from what machines and apps serve, and to whom. Nothing declared, nothing reachable. The
 * same estate gives the same policy in whatever order it is written.
 *
 * @throws InputPropertiesError with everything that the tailnet cannot express
 */
export function planPolicy(topology: Topology): TailnetPolicy {
  const errors = tailnetProblems(topology);
  if (errors.length > 0) {
    throw new pulumi.InputPropertiesError({ message: "The tailnet cannot be built as it is declared", errors });
  }
  return {
    groups: planGroups(topology),
    tagOwners: planTagOwners(topology),
    hosts: planHosts(topology),
    acls: [...machineRules(topology), ...appRules(topology), ...sshAccess(topology)],
    autoApprovers: { routes: planRoutes(topology) },
    ssh: sshEntries(topology).map(planSsh),
  };
}

/** The policy as the control server is given it: strict JSON, indented, for people to read in state and preview. */
export function policyText(policy: TailnetPolicy): string {
  return `${JSON.stringify(policy, undefined, 2)}\n`;
}

function planGroups({ people }: Topology): Record<string, string[]> {
  const groups = sorted(Object.values(people).flatMap((person) => person.groups));
  const members = (group: string) =>
    sorted(Object.entries(people).flatMap(([name, person]) => (person.groups.includes(group) ? [`${name}@`] : [])));
  return Object.fromEntries(groups.map((group) => [`group:${group}`, members(group)]));
}

/** A machine's own tag belongs to whoever owns its declared tags; without any, to the groups that own any tag. */
function planTagOwners({ machines, tailnet }: Topology): Record<string, string[]> {
  const ownersOf = (tags: readonly string[]) => tags.flatMap((tag) => tailnet.tags[tag]?.owners.map(toAlias) ?? []);
  const groups = ownersOf(Object.keys(tailnet.tags)).filter((owner) => owner.startsWith("group:"));
  const declared = Object.keys(tailnet.tags).map((tag): [string, string[]] => [`tag:${tag}`, sorted(ownersOf([tag]))]);
  const own = Object.entries(machines).map(([name, { tags }]): [string, string[]] => [
    ownTag(name),
    sorted(tags.length === 0 ? groups : ownersOf(tags)),
  ]);
  return Object.fromEntries(sortedEntries(Object.fromEntries([...own, ...declared])));
}

function planHosts({ clusters, machines }: Topology): Record<string, string> {
  return {
    ...Object.fromEntries(
      sortedEntries(clusters).map(([name, cluster]) => [servicesHost(name), networkOf(cluster.serviceCidr)]),
    ),
    ...Object.fromEntries(
      sortedEntries(machines).flatMap(([name, { advertises }]) =>
        sorted(advertises.map(networkOf)).map((cidr) => [`${name}-${cidr.replace("/", "-")}`, cidr]),
      ),
    ),
  };
}

/** The name under which the policy knows the addresses of a cluster's services. */
function servicesHost(cluster: string): string {
  return `${cluster}-services`;
}

function machineRules({ machines }: Topology): AclRule[] {
  return sortedEntries(machines).flatMap(([name, { serves }]) => serviceRules(ownTag(name), serves));
}

/** Apps are reached through a subnet router of their cluster, at the addresses of its services. */
function appRules({ apps }: Topology): AclRule[] {
  return sortedEntries(apps).flatMap(([, { on, serves }]) => serviceRules(servicesHost(on), serves));
}

function serviceRules(destination: string, serves: Topology["apps"][string]["serves"]): AclRule[] {
  return sortedEntries(serves).flatMap(([, { port, protocol, to }]): AclRule[] =>
    to.length === 0
      ? []
      : [{ action: "accept", proto: protocol, src: sorted(to.map(toAlias)), dst: [`${destination}:${port}`] }],
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
    src: [toAlias(from)],
    dst: [`${to}:22`],
  }));
}

/**
 * People prove themselves again ("check", from Headscale 0.29 on: by OIDC, or by an administrator's
 * `headscale auth approve` on the hub); machines cannot, so theirs are "accept": tagged sources cannot use check mode
 * (https://github.com/juanfont/headscale/releases/tag/v0.29.0).
 */
function planSsh({ from, to, users }: SshEntry): SshRule {
  const src = toAlias(from);
  return { action: src.startsWith("tag:") ? "accept" : "check", src: [src], dst: [to], users: sorted(users) };
}

/** Networks approved without a click: a machine's own, and those of a cluster for each of its control planes. */
function planRoutes({ clusters, machines }: Topology): Record<string, string[]> {
  const routes: Record<string, string[]> = {};
  const approve = (cidr: string, tag: string) => (routes[networkOf(cidr)] ??= []).push(tag);
  for (const [name, { advertises }] of Object.entries(machines)) {
    for (const cidr of advertises) approve(cidr, ownTag(name));
  }
  for (const { podCidr, serviceCidr, controlPlanes } of Object.values(clusters)) {
    for (const name of controlPlanes) [podCidr, serviceCidr].forEach((cidr) => approve(cidr, ownTag(name)));
  }
  return Object.fromEntries(sortedEntries(routes).map(([cidr, tags]) => [cidr, sorted(tags)]));
}
