import { readPolicy } from "../../components/tailnet/policy";
import { allows, compile, type PolicyNode } from "../../components/tailnet/reach";
import { type ClientSpec, type Network, startNetwork } from "./support/clients";
import { greetingThrough, listenAndGreet } from "./support/socks";

/**
 * Real packets between real clients in user space: what connects and what does not, against what the evaluator says. TCP only,
 * all on one machine and through the hub's relay. Clients in user space hand a connection to their address on to the same
 * port of loopback, so a listener there is a service of every client: only the policy tells them apart.
 */
const specs: readonly ClientSpec[] = [
  { name: "ada-laptop", user: "ada" },
  { name: "ada-phone", user: "ada" },
  { name: "bob-desktop", user: "bob" },
  // Loopback as a network behind a router, in the form that Tailscale has for networks with clashing IPv4 addresses ("4via6").
  { name: "web", tags: ["tag:web"], routes: ["fd7a:115c:a1e0:b1a:0:7:7f00:0/120"] },
];
const behindWeb = "fd7a:115c:a1e0:b1a:0:7:7f00:1";
const routes = specs.flatMap((spec) => spec.routes ?? []);

interface Listener {
  readonly port: number;
  close(): Promise<void>;
}
const listeners: Listener[] = [];
let network: Network | undefined;

function policyFor(own: number, open: number) {
  return {
    tagOwners: { "tag:web": ["ada@"] },
    autoApprovers: { routes: Object.fromEntries(routes.map((route) => [route, ["tag:web"]])) },
    acls: [
      { action: "accept", src: ["ada@"], dst: [`tag:web:${open}`, ...routes.map((route) => `${route}:${open}`)] },
      { action: "accept", src: ["autogroup:member"], dst: [`autogroup:self:${own}`] },
    ],
  };
}

const portOf = (index: number): number => listeners[index]?.port ?? 0;

beforeAll(async () => {
  listeners.push(await listenAndGreet("first"), await listenAndGreet("second"));
  network = await startNetwork(policyFor(portOf(0), portOf(0)), specs);
}, 90_000);
afterAll(async () => {
  await network?.stop();
  await Promise.all(listeners.map((listener) => listener.close()));
}, 30_000);

interface Attempt {
  readonly from: string;
  /** A client's name, or the address behind the router. */
  readonly to: string;
  /** Which of the two listeners. */
  readonly listener: 0 | 1;
  readonly gets: "through" | "nowhere";
}

/** What comes of an attempt. The first packets between two clients may be lost, so what should connect is tried again. */
async function outcome({ from, to, listener, gets }: Attempt): Promise<Attempt["gets"]> {
  const host = network?.nodes.find(({ name }) => name === to)?.ipAddresses[0] ?? to;
  const socks = network?.clients.get(from)?.socks ?? 0;
  const tries = gets === "through" ? 6 : 1;
  for (let attempt = 0; attempt < tries; attempt++) {
    const said = await greetingThrough(socks, host, portOf(listener), 3_000);
    if (said !== undefined) {
      expect(said).toBe(listener === 0 ? "first" : "second");
      return "through";
    }
  }
  return "nowhere";
}

function predicted(policy: object, { from, to, listener }: Attempt): Attempt["gets"] {
  const nodes = specs.map(({ name, user, tags = [] }): PolicyNode => {
    const listed = network?.nodes.find((node) => node.name === name);
    const owner = user === undefined ? {} : { user };
    return { name, addresses: listed?.ipAddresses ?? [], ...owner, tags, routes: listed?.approvedRoutes ?? [] };
  });
  const reachability = compile(readPolicy(JSON.stringify(policy)), nodes);
  return allows(reachability, { source: from, destination: to, port: portOf(listener) }).allowed
    ? "through"
    : "nowhere";
}

async function expectAll(policy: object, attempts: readonly Attempt[]): Promise<void> {
  const wanted = attempts.map(({ gets }) => gets);
  expect(attempts.map((attempt) => predicted(policy, attempt))).toEqual(wanted);
  // What should connect goes first: then what does not connect afterwards does not for want of time.
  const open = attempts.filter(({ gets }) => gets === "through");
  const closed = attempts.filter(({ gets }) => gets === "nowhere");
  expect(await Promise.all(open.map(outcome))).toEqual(open.map(({ gets }) => gets));
  expect(await Promise.all(closed.map(outcome))).toEqual(closed.map(({ gets }) => gets));
}

test("the route of the router is approved without a click", () => {
  expect(network?.nodes.find(({ name }) => name === "web")?.subnetRoutes).toEqual(routes);
});

test("packets get where the evaluator says, and nowhere else", async () => {
  await expectAll(policyFor(portOf(0), portOf(0)), [
    { from: "ada-laptop", to: "web", listener: 0, gets: "through" },
    { from: "ada-laptop", to: "ada-phone", listener: 0, gets: "through" },
    { from: "ada-phone", to: "ada-laptop", listener: 0, gets: "through" },
    { from: "ada-phone", to: behindWeb, listener: 0, gets: "through" },
    { from: "ada-laptop", to: "web", listener: 1, gets: "nowhere" },
    { from: "ada-laptop", to: "ada-phone", listener: 1, gets: "nowhere" },
    { from: "ada-phone", to: behindWeb, listener: 1, gets: "nowhere" },
    { from: "bob-desktop", to: "web", listener: 0, gets: "nowhere" },
    { from: "bob-desktop", to: "ada-phone", listener: 0, gets: "nowhere" },
    { from: "bob-desktop", to: behindWeb, listener: 0, gets: "nowhere" },
    { from: "web", to: "ada-laptop", listener: 0, gets: "nowhere" },
  ]);
}, 60_000);

test("a changed policy opens and closes ports of clients that stay connected", async () => {
  const policy = policyFor(portOf(0), portOf(1));
  await network?.setPolicy(policy);
  await expectAll(policy, [
    { from: "ada-laptop", to: "web", listener: 1, gets: "through" },
    { from: "ada-laptop", to: "ada-phone", listener: 0, gets: "through" },
    { from: "ada-phone", to: behindWeb, listener: 1, gets: "through" },
    { from: "ada-laptop", to: "web", listener: 0, gets: "nowhere" },
    { from: "ada-phone", to: behindWeb, listener: 0, gets: "nowhere" },
  ]);
}, 60_000);
