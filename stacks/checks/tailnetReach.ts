import { type Estate, hubOf, type Service } from "../estate";
import { lookup } from "../lookup";
import { type Problem, quote } from "../problems";
import { unknownAddress } from "../repairs";

/** Everything that a tailnet policy cannot express, or would express wider than it was declared. */
export function checkTailnetReach(estate: Estate): Problem[] {
  return [
    ...tagCollisions(estate),
    ...hubServices(estate),
    ...exitNodes(estate),
    ...sharedAppPorts(estate),
    ...shortNames(estate),
    ...sharedAddresses(estate),
    ...reservedTag(estate),
  ];
}

/**
 * A machine's own tag, tag:NAME, must be its alone: whoever carries the tag reaches, and is reached, like the machine. A
 * declared tag of the same name is fine where the machine carries it and nobody else does: then both mean the same.
 */
function tagCollisions({ machines, tailnet, repositories }: Estate): Problem[] {
  return Object.keys(machines).flatMap((tag) => {
    if (!Object.hasOwn(tailnet.tags, tag)) return [];
    const carriers = [
      ...Object.entries(machines).flatMap(([name, { tags }]) => (tags.includes(tag) ? [`machines.${name}`] : [])),
      ...Object.entries(repositories).flatMap(([name, { runners }]) =>
        runners?.ephemeral.tag === tag ? [`the runners of repositories.${name}`] : [],
      ),
    ].sort();
    if (carriers.join() === `machines.${tag}`) return [];
    return [
      {
        path: `machines.${tag}`,
        problem: `the machine's own tag tag:${tag} is also a declared tag, carried by ${carriers.join(", ") || "nobody"}`,
        allowed: "a machine name that is no declared tag, or a tag that this machine alone carries",
        remedy: "rename the machine or the tag",
        about: [`tailnet.tags.${tag}`, "machines", "repositories"],
      },
    ];
  });
}

function hubServices({ machines, tailnet }: Estate): Problem[] {
  const hub = hubOf(tailnet);
  return Object.entries(lookup(machines, hub)?.serves ?? {})
    .filter(([, { to }]) => to.length > 0)
    .map(([name]) => ({
      path: `machines.${hub ?? ""}.serves.${name}.to`,
      problem: "the hub does not join its own tailnet, so nobody reaches this service there",
      allowed: "nothing served to the tailnet by the hub",
      remedy: "serve it on another machine, or leave `to` out",
      about: ["tailnet.control"],
    }));
}

/** An advertised default route is an exit node, which no auto-approver of routes approves. */
function exitNodes({ machines }: Estate): Problem[] {
  return Object.entries(machines).flatMap(([name, { advertises }]) =>
    advertises.flatMap((cidr, index) =>
      cidr.endsWith("/0")
        ? [
            {
              path: `machines.${name}.advertises.${index}`,
              problem: `${quote(cidr)} is every address`,
              allowed: "networks longer than /0",
              remedy: "name the networks behind the machine (exit nodes are not supported)",
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
function sharedAppPorts({ apps }: Estate): Problem[] {
  const services = Object.entries(apps).flatMap(([app, { on, serves }]) =>
    Object.entries(serves).map(([name, service]): AppService => ({
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
      .map(({ path }) => ({ what: `${path} (served to others)`, about: [path] }));
    const own = clusterServices.filter(same).map(({ what }) => ({ what, about: [] }));
    return [...others, ...own].map(({ what, about }) => ({
      path: `${service.path}.port`,
      problem:
        `${service.port}/${service.protocol} of cluster ${service.cluster} is also the port of ${what}, and the tailnet ` +
        "cannot tell services of one cluster apart but by port",
      allowed: "a port of its own",
      remedy: "choose another port",
      about,
    }));
  });
}

/** machine:NAME and tag:NAME are the same to the tailnet. */
function audience({ to }: Service): string {
  return [...new Set(to.map((who) => who.replace(/^machine:/, "tag:")))].sort().join(" ");
}

/** Headscale's rule for names of users: hscontrol/util, ValidateUsername (0.29.1). Tailscale knows people by e-mail address. */
function shortNames({ people, tailnet }: Estate): Problem[] {
  if (tailnet.control.kind !== "headscale") return [];
  return Object.keys(people)
    .filter((name) => name.length < 2)
    .map((name) => ({
      path: `people.${name}`,
      problem: `${quote(name)} is too short for a Headscale user`,
      allowed: "at least 2 characters",
      remedy: "choose a longer name",
      about: ["tailnet.control"],
    }));
}

/** On Tailscale a person is the address of their login: two with one address would each have what the other has. */
function sharedAddresses({ people, tailnet }: Estate): Problem[] {
  if (tailnet.control.kind !== "tailscale") return [];
  const entries = Object.entries(people).filter(([, { email }]) => email !== unknownAddress);
  return entries.flatMap(([name, { email }], index) => {
    const first = entries.slice(0, index).find(([, other]) => other.email.toLowerCase() === email.toLowerCase());
    if (first === undefined) return [];
    return [
      {
        path: `people.${name}.email`,
        problem: `${quote(email)} is also the address of people.${first[0]}, and Tailscale knows people by their addresses`,
        allowed: "an address that nobody else has",
        remedy: "give each their own, or make them one person",
        about: ["tailnet.control", `people.${first[0]}`],
      },
    ];
  });
}

/**
 * On Tailscale the program's own OAuth client carries tag:estate, which owns all others: whoever carries it could, too. On
 * Headscale it is the tag that nobody carries (components/tailnet/policy.plan.ts, withSshRule).
 */
function reservedTag({ machines, tailnet }: Estate): Problem[] {
  const paths = [
    ...(Object.hasOwn(machines, "estate") ? ["machines.estate"] : []),
    ...(Object.hasOwn(tailnet.tags, "estate") ? ["tailnet.tags.estate"] : []),
  ];
  return paths.map((path) => ({
    path,
    problem: "tag:estate is this program's own",
    allowed: 'any name but "estate"',
    remedy: "rename it",
    about: ["tailnet.control"],
  }));
}
