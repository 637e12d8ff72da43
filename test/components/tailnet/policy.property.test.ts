import fc from "fast-check";
import { declaredReach, lineOf, membersOf } from "../../../components/tailnet/declared";
import { planPolicy, policyText, type TailnetPolicy } from "../../../components/tailnet/policy.plan";
import { provePolicy } from "../../../components/tailnet/policy.proof";
import { allowAllProblems } from "../../../components/tailnet/policy.rules";
import { allows, compile, nodesOf, type PolicyNode } from "../../../components/tailnet/reach";
import type { Topology } from "../../../components/tailnet/topology";
import type { Service } from "../../../stacks/estate";
import { app, cluster, external, onTailscale, person, repository, service, topology } from "./fixtures";

const groups = ["admins", "dev", "ops"];
const tags = ["core", "app", "ci"];
const machineNames = ["docker", "web", "field"];
const peopleNames = ["ada", "bob"];
const principals = [
  ...groups.map((name) => `group:${name}`),
  ...tags.map((name) => `tag:${name}`),
  ...peopleNames.map((name) => `person:${name}`),
  ...machineNames.map((name) => `machine:${name}`),
];

const some = (of: readonly string[]) => fc.subarray([...of]);
const services = (base: number) =>
  fc.dictionary(
    fc.constantFrom("a", "b"),
    fc
      .tuple(
        fc.integer({ min: base, max: base + 3 }),
        some(principals),
        fc.constantFrom("tcp" as const, "udp" as const),
      )
      .map(([port, to, protocol]) => service(port, to, protocol)),
  );
const machine = fc
  .record({ tags: some(tags), advertises: some(["10.42.0.0/24", "10.43.0.7/16"]), serves: services(1000) })
  .map(external);

/** Topologies in which every group and tag exists; ports of apps are unique, as the loader's sibling check demands. */
const topologies: fc.Arbitrary<Topology> = fc
  .record({
    machines: fc.dictionary(fc.constantFrom(...machineNames), machine),
    people: fc.tuple(some(groups), some(groups)),
    web: services(2000),
    wiki: services(3000),
    owners: fc.tuple(...tags.map(() => fc.subarray(principals, { minLength: 1 }))),
    ssh: fc.array(
      fc.record({
        from: fc.constantFrom(...principals),
        to: fc.constantFrom("tag:core", "tag:app"),
        users: fc.constant(["a"]),
      }),
      { maxLength: 2 },
    ),
    tag: fc.constantFrom(...tags),
  })
  .map(({ machines, people: [ada, bob], web, wiki, owners, ssh, tag }) =>
    topology({
      machines: { docker: external(), web: external(), field: external(), ...machines },
      people: { ada: person(...groups), bob: person(...bob), eve: person(...ada) },
      clusters: { core: cluster({ controlPlanes: ["field"] }) },
      apps: { web: app(unique(web)), wiki: app(unique(wiki)) },
      tags: Object.fromEntries(tags.map((name, index) => [name, { owners: owners[index] ?? [] }])),
      ssh,
      repositories: { stack: repository(tag) },
    }),
  );

/** Two services of one app on one port are refused; the second gives way. */
function unique(serves: Record<string, Service>): Record<string, Service> {
  const seen = new Set<number>();
  return Object.fromEntries(
    Object.entries(serves).filter(([, { port }]) => !seen.has(port) && seen.add(port).size > 0),
  );
}

function tagged({ tags = [] }: PolicyNode, tag: string): boolean {
  return tags.includes(tag);
}

/** Whether a node is meant by a principal of the spec, said without the policy. */
function means(principal: string, node: PolicyNode, estate: Topology): boolean {
  const [kind = "", name = ""] = principal.split(":");
  if (kind === "person" || kind === "machine") return node.name === principal;
  if (kind === "tag") return tagged(node, principal);
  const [, owner = ""] = node.name.split(":");
  return node.name.startsWith("person:") && (estate.people[owner]?.groups ?? []).includes(name);
}

/** All that a spec says, as "from -> to port/protocol". */
function declared(estate: Topology): string[] {
  const nodes = nodesOf(estate);
  const line = (from: PolicyNode, to: string, { port, protocol }: Pick<Service, "port" | "protocol">) =>
    from.name === to ? [] : [`${from.name} -> ${to} ${port}/${protocol}`];
  const serving = [
    ...Object.entries(estate.machines).map(([name, { serves }]) => ({ to: `machine:${name}`, serves })),
    ...Object.values(estate.apps).map(({ on, serves }) => ({ to: `network:${on}-services`, serves })),
  ];
  const byService = serving.flatMap(({ to, serves }) =>
    Object.values(serves).flatMap((item) =>
      nodes
        .filter((node) => item.to.some((principal) => means(principal, node, estate)))
        .flatMap((node) => line(node, to, item)),
    ),
  );
  const bySsh = estate.tailnet.ssh.flatMap(({ from, to }) =>
    nodes
      .filter((node) => means(from, node, estate))
      .flatMap((node) => nodes.filter((other) => tagged(other, to)).flatMap((other) => line(node, other.name, ssh))),
  );
  return [...new Set([...byService, ...bySsh])].sort();
}

const ssh = { port: 22, protocol: "tcp" } as const;

function asOnTailscale(estate: Topology): Topology {
  const { people, machines, ...rest } = estate;
  return onTailscale({ ...rest, people, machines, tags: estate.tailnet.tags, ssh: estate.tailnet.ssh });
}

/** Whether a rule opens something to somebody that no other rule does. */
function isNeeded(estate: Topology, policy: TailnetPolicy, index: number): boolean {
  const declaredLines = declaredReach(estate);
  const opened = (acls: TailnetPolicy["acls"]) => {
    const reachability = compile({ ...policy, acls }, nodesOf(estate));
    return declaredLines.filter(({ from, to, port, protocol }) => {
      const destination = to.replace(/^network:/, "");
      return allows(reachability, { source: from, destination, port, protocol }).allowed;
    }).length;
  };
  return opened(policy.acls.filter((_, at) => at !== index)) < opened(policy.acls);
}

function coversAll(estate: Topology, sources: readonly string[]): boolean {
  return membersOf(estate).every(({ aliases }) => aliases.some((alias) => sources.includes(alias)));
}

/** The same estate written in another order. */
function reversed<T>(value: T): T;
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown): unknown => reversed(item)).reverse();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]): [string, unknown] => [key, reversed(item)])
      .reverse(),
  );
}

describe("for any estate", () => {
  it.each([
    ["Headscale", (estate: Topology) => estate],
    ["Tailscale", asOnTailscale],
  ])("everybody reaches exactly what is served to them, by the evaluator of %s", (_, change) => {
    fc.assert(
      fc.property(topologies.map(change), (estate) => {
        expect(declaredReach(estate).map(lineOf).sort()).toEqual(declared(estate));
        provePolicy(estate, planPolicy(estate));
      }),
      { numRuns: 60 },
    );
  });

  it("a rule less, a port more or another source is never proven", () => {
    const changes = fc.constantFrom("less", "port", "source");
    fc.assert(
      fc.property(topologies, changes, fc.nat(), (estate, change, pick) => {
        const policy = planPolicy(estate);
        const index = pick % Math.max(policy.acls.length, 1);
        const rule = policy.acls[index];
        fc.pre(rule !== undefined && isNeeded(estate, policy, index));
        const others = policy.acls.filter((_, at) => at !== index);
        const wider =
          change === "port" ? { ...rule, dst: rule.dst.map((to) => `${to}-65000`) } : { ...rule, src: ["*"] };
        fc.pre(change !== "source" || !coversAll(estate, rule.src));
        const acls = change === "less" ? others : [...others, wider];
        expect(() => {
          provePolicy(estate, { ...policy, acls });
        }).toThrow(/^The tailnet's policy has \d+ problems?:/);
      }),
      { numRuns: 60 },
    );
  });

  it("every source, destination and approver of the policy is defined in it", () => {
    fc.assert(
      fc.property(topologies, (estate) => {
        const policy = planPolicy(estate);
        const defined = new Set([
          ...Object.keys(policy.groups),
          ...Object.keys(policy.tagOwners),
          ...Object.keys(policy.hosts),
          ...Object.keys(estate.people).map((name) => `${name}@`),
        ]);
        const used = [
          ...policy.acls.flatMap(({ src, dst }) => [...src, ...dst.map((to) => to.slice(0, to.lastIndexOf(":")))]),
          ...policy.ssh.flatMap(({ src, dst }) => [...src, ...dst]),
          ...Object.values(policy.autoApprovers.routes).flat(),
          ...Object.values(policy.tagOwners).flat(),
          ...Object.values(policy.groups).flat(),
        ];
        expect(used.filter((alias) => !defined.has(alias))).toEqual([]);
      }),
    );
  });

  it("the policy never allows everything", () => {
    fc.assert(
      fc.property(topologies, (estate) => allowAllProblems(policyText(planPolicy(estate), "tailscale")).length === 0),
    );
  });

  it("the order in which it is written makes no difference", () => {
    fc.assert(
      fc.property(topologies, (estate) => {
        expect(policyText(planPolicy(reversed(estate)), "tailscale")).toBe(policyText(planPolicy(estate), "tailscale"));
      }),
    );
  });
});

// Cannot prove: that a real Headscale filters packets as the evaluator says; the differential run against the server does.
