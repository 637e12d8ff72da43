import { joins, ownTag, servicesHost, sorted, sortedEntries, tagsOf, toAlias, type Topology, userOf } from "./topology";

/** Somebody in the tailnet: a machine, a person's device, a runner. */
export interface Member {
  /** machine:NAME, person:NAME or runners:REPOSITORY. */
  readonly name: string;
  /** Everything a policy may call it: its tags, or its user and that one's groups. */
  readonly aliases: readonly string[];
}

/** A port that is open to somebody, as the spec says it. */
export interface Served {
  /** In the words of a policy: tag:NAME, or the host name of a cluster's services. */
  readonly dst: string;
  /** The same as places: every member that is meant, or network:NAME. */
  readonly places: readonly string[];
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** In the words of a policy. */
  readonly to: readonly string[];
}

/** The members that an estate will have: its machines that join, one device per person, one runner per pool. */
export function membersOf(topology: Topology): Member[] {
  return [
    ...sortedEntries(topology.machines)
      .filter(([name, machine]) => joins(topology, name, machine))
      .map(([name, machine]) => ({ name: `machine:${name}`, aliases: tagsOf(name, machine) })),
    ...sortedEntries(topology.people).map(([name, { groups }]) => ({
      name: `person:${name}`,
      aliases: [userOf(topology, name), ...sorted(groups.map((group) => `group:${group}`))],
    })),
    ...sortedEntries(topology.repositories).flatMap(([name, { runners }]) =>
      runners === undefined ? [] : [{ name: `runners:${name}`, aliases: [`tag:${runners.ephemeral.tag}`] }],
    ),
  ];
}

/** Everything that a spec opens to somebody; read from the spec, not from its policy. */
export function servedIn(topology: Topology): Served[] {
  const { machines, apps, tailnet } = topology;
  const members = membersOf(topology);
  return [
    ...sortedEntries(machines).flatMap(([name, { serves }]) =>
      portsAt(topology, ownTag(name), [`machine:${name}`], serves),
    ),
    ...sortedEntries(apps).flatMap(([, { on, serves }]) =>
      portsAt(topology, servicesHost(on), [`network:${servicesHost(on)}`], serves),
    ),
    ...tailnet.ssh.map(({ from, to }): Served => {
      const places = members.flatMap(({ name, aliases }) => (aliases.includes(to) ? [name] : []));
      return { dst: to, places, port: 22, protocol: "tcp", to: [toAlias(topology, from)] };
    }),
  ];
}

function portsAt(
  topology: Topology,
  dst: string,
  places: readonly string[],
  serves: Topology["apps"][string]["serves"],
): Served[] {
  return sortedEntries(serves)
    .filter(([, { to }]) => to.length > 0)
    .map(([, { port, protocol, to }]) => ({
      dst,
      places,
      port,
      protocol,
      to: to.map((who) => toAlias(topology, who)),
    }));
}

/** Somebody may use a port of a place. */
export interface Declared {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: Served["protocol"];
}

/** Who may use what by the spec, each once. A machine's way to its own ports is no matter of the tailnet. */
export function declaredReach(topology: Topology): Declared[] {
  const members = membersOf(topology);
  const found = servedIn(topology).flatMap(({ places, port, protocol, to }) =>
    members
      .filter(({ aliases }) => aliases.some((alias) => to.includes(alias)))
      .flatMap(({ name }) =>
        places.filter((place) => place !== name).map((place) => ({ from: name, to: place, port, protocol })),
      ),
  );
  return [...new Map(found.map((item) => [lineOf(item), item])).values()];
}

/** One line for people: person:ada -> machine:docker 6333/tcp */
export function lineOf({ from, to, port, protocol }: Declared): string {
  return `${from} -> ${to} ${port}/${protocol}`;
}
