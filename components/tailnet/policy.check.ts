import type { Service } from "../../stacks/estate";
import { sortedEntries, toAlias, sorted, type Topology } from "./topology";

/** One reason why a tailnet cannot be built as it is declared. The shape of Pulumi's InputPropertiesError. */
export interface TailnetProblem {
  /** Where, in the words of the spec: machines.docker */
  readonly propertyPath: string;
  /** What is wrong; what is allowed; what to do. */
  readonly reason: string;
}

/** Everything in an estate that a tailnet policy cannot express, or would express wider than it was declared. */
export function tailnetProblems(topology: Topology): TailnetProblem[] {
  return [
    ...tagCollisions(topology),
    ...hubServices(topology),
    ...exitNodes(topology),
    ...sharedAppPorts(topology),
    ...shortNames(topology),
  ];
}

/**
 * A machine's own tag must be its alone: whoever carries the tag reaches, and is reached, like the machine. A declared tag
 * of the same name is fine where the machine carries it and nobody else does: then both mean the same.
 */
function tagCollisions({ machines, tailnet, repositories }: Topology): TailnetProblem[] {
  return sorted(Object.keys(machines)).flatMap((tag) => {
    if (!Object.hasOwn(tailnet.tags, tag)) return [];
    const carriers = [
      ...sortedEntries(machines).flatMap(([name, { tags }]) => (tags.includes(tag) ? [`machines.${name}`] : [])),
      ...sortedEntries(repositories).flatMap(([name, { runners }]) =>
        runners?.ephemeral.tag === tag ? [`the runners of repositories.${name}`] : [],
      ),
    ];
    if (carriers.join() === `machines.${tag}`) return [];
    return [
      {
        propertyPath: `machines.${tag}`,
        reason:
          `the machine's own tag tag:${tag} is also a declared tag, carried by ${carriers.join(", ") || "nobody"}; ` +
          "allowed: a machine name that is no declared tag, or a tag that this machine alone carries; rename the machine " +
          "or the tag",
      },
    ];
  });
}

function hubServices({ machines, tailnet }: Topology): TailnetProblem[] {
  const hub = tailnet.control.on;
  return sortedEntries(machines[hub]?.serves ?? {})
    .filter(([, { to }]) => to.length > 0)
    .map(([name]) => ({
      propertyPath: `machines.${hub}.serves.${name}.to`,
      reason:
        "the hub does not join its own tailnet, so nobody reaches this service there; allowed: nothing served to the " +
        "tailnet by the hub; serve it on another machine, or leave `to` out",
    }));
}

/** Headscale treats an advertised default route as an exit node, which no auto-approver of routes approves. */
function exitNodes({ machines }: Topology): TailnetProblem[] {
  return sortedEntries(machines).flatMap(([name, { advertises }]) =>
    advertises.flatMap((cidr, index) =>
      cidr.endsWith("/0")
        ? [
            {
              propertyPath: `machines.${name}.advertises.${index}`,
              reason:
                `"${cidr}" is every address; allowed: networks longer than /0; name the networks behind the machine ` +
                "(exit nodes are not supported)",
            },
          ]
        : [],
    ),
  );
}

interface AppService extends Service {
  readonly path: string;
  readonly cluster: string;
}

/** What every cluster serves itself at addresses of its service network. */
const clusterServices: readonly {
  readonly port: number;
  readonly protocol: Service["protocol"];
  readonly what: string;
}[] = [
  { port: 443, protocol: "tcp", what: "the Kubernetes API" },
  { port: 53, protocol: "tcp", what: "the cluster's DNS" },
  { port: 53, protocol: "udp", what: "the cluster's DNS" },
];

/**
 * The tailnet sees a cluster's services as one network, told apart by port only. So a port that is served to somebody must
 * not be another service's, unless that is served to the same people.
 */
function sharedAppPorts({ apps }: Topology): TailnetProblem[] {
  const services = sortedEntries(apps).flatMap(([app, { on, serves }]) =>
    sortedEntries(serves).map(([name, service]): AppService => ({
      ...service,
      path: `apps.${app}.serves.${name}`,
      cluster: on,
    })),
  );
  return services.flatMap((service) => {
    if (service.to.length === 0) return [];
    const same = (other: { port: number; protocol: string }) =>
      other.port === service.port && other.protocol === service.protocol;
    const others = services
      .filter((other) => other.path !== service.path && other.cluster === service.cluster && same(other))
      .filter((other) => audience(other) !== audience(service))
      .map(({ path }) => `${path} (served to others)`);
    const own = clusterServices.filter(same).map(({ what }) => what);
    return [...others, ...own].map((other) => ({
      propertyPath: `${service.path}.port`,
      reason:
        `port ${service.port}/${service.protocol} of cluster ${service.cluster} is also that of ${other}, and the tailnet ` +
        "cannot tell services of one cluster apart but by port; allowed: a port of its own; choose another port",
    }));
  });
}

function audience({ to }: Service): string {
  return sorted(to.map(toAlias)).join(" ");
}

/** Headscale's rule for names of users: hscontrol/util, ValidateUsername (0.29.1). */
function shortNames({ people }: Topology): TailnetProblem[] {
  return sorted(Object.keys(people))
    .filter((name) => name.length < 2)
    .map((name) => ({
      propertyPath: `people.${name}`,
      reason: `"${name}" is too short for a Headscale user; allowed: at least 2 characters; choose a longer name`,
    }));
}
