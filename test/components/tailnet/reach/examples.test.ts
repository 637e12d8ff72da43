import { readPolicy, type Server } from "../../../../components/tailnet/policy";
import {
  accessBetween,
  compile,
  linesOf,
  matrix,
  sshAllows,
  type PolicyNode,
  type PolicyUser,
} from "../../../../components/tailnet/reach";

/**
 * What the documentation of both servers shows by example, said again with nodes of our own: policy.md and routes.md of
 * Headscale 0.29.1; https://tailscale.com/kb/1192/acl-samples and https://tailscale.com/kb/1378/via of Tailscale.
 */
const users: readonly PolicyUser[] = [
  { name: "ada", email: "ada@estate.example", roles: ["admin"] },
  { name: "bob", email: "bob@estate.example", roles: [] },
];
const nodes: readonly PolicyNode[] = [
  { name: "ada-1", addresses: ["100.64.0.1", "fd7a:115c:a1e0::1"], user: "ada" },
  { name: "ada-2", addresses: ["100.64.0.2", "fd7a:115c:a1e0::2"], user: "ada" },
  { name: "bob-1", addresses: ["100.64.0.3", "fd7a:115c:a1e0::3"], user: "bob" },
  { name: "prod-1", addresses: ["100.64.0.4", "fd7a:115c:a1e0::4"], tags: ["tag:prod"] },
  { name: "prod-2", addresses: ["100.64.0.5", "fd7a:115c:a1e0::5"], tags: ["tag:prod"] },
  { name: "mon", addresses: ["100.64.0.6", "fd7a:115c:a1e0::6"], tags: ["tag:monitoring"] },
  { name: "gate", addresses: ["100.64.0.7", "fd7a:115c:a1e0::7"], tags: ["tag:router"], routes: ["192.168.0.0/24"] },
  { name: "out-1", addresses: ["100.64.0.8", "fd7a:115c:a1e0::8"], tags: ["tag:exit1"], routes: ["0.0.0.0/0", "::/0"] },
  { name: "out-2", addresses: ["100.64.0.9", "fd7a:115c:a1e0::9"], tags: ["tag:exit2"], routes: ["0.0.0.0/0", "::/0"] },
];
const tagOwners = { "tag:prod": [], "tag:monitoring": [], "tag:router": [], "tag:exit1": [], "tag:exit2": [] };

const reach = (policy: object, server: Server = "headscale"): string[] => {
  const read = readPolicy(JSON.stringify({ tagOwners, ...policy }), server);
  return linesOf(matrix(compile(read, nodes, { server, users }))).map(
    ({ from, to, ports }) => `${from} -> ${to} ${ports}`,
  );
};
const grants = (src: string, dst: string, ...ip: string[]) => ({ grants: [{ src: [src], dst: [dst], ip }] });

describe("Headscale's documentation", () => {
  it.each<[string, object, string[]]>([
    ["an empty list denies everything", { grants: [] }, []],
    [
      "members reach the servers of a tag",
      grants("autogroup:member", "tag:prod", "80,443"),
      ["autogroup:member -> tag:prod tcp+udp/80,443"],
    ],
    [
      "tagged nodes reach what watches them",
      grants("autogroup:tagged", "tag:monitoring", "9090"),
      [
        "tag:exit1 -> tag:monitoring tcp+udp/9090",
        "tag:exit2 -> tag:monitoring tcp+udp/9090",
        "tag:prod, tag:router -> tag:monitoring tcp+udp/9090",
      ],
    ],
    [
      "members reach their own devices",
      grants("autogroup:member", "autogroup:self", "*"),
      ["autogroup:member -> own devices tcp+udp/*"],
    ],
    ["somebody reaches the internet", grants("bob@", "autogroup:internet", "*"), ["bob@ -> internet tcp+udp/*"]],
    [
      "a service behind a router, without the router itself",
      {
        hosts: { router: "100.64.0.7/32", node: "100.64.0.4/32", "service.example.net": "192.168.0.1/32" },
        ...grants("node", "service.example.net", "80,443"),
      },
      ["prod-1 -> 192.168.0.0/24 tcp+udp/80,443", "prod-1 -> service.example.net tcp+udp/80,443"],
    ],
    [
      "an exit node of one's own for each",
      {
        grants: [
          { src: ["ada@"], dst: ["autogroup:internet"], via: ["tag:exit1"], ip: ["*"] },
          { src: ["bob@"], dst: ["autogroup:internet"], via: ["tag:exit2"], ip: ["*"] },
        ],
      },
      ["ada@ -> internet tcp+udp/*", "bob@ -> internet tcp+udp/*"],
    ],
  ])("%s", (_, policy, expected) => {
    expect(reach(policy)).toEqual(expected);
  });

  it("a policy without rules allows everything", () => {
    const open = matrix(compile(readPolicy("{}"), nodes, { users }));
    const [inside, outside] = [nodes.length * nodes.length, nodes.length * 2];
    const pairs = nodes.flatMap(({ name: source }) =>
      [...nodes.map(({ name }) => name), "192.168.0.0/24", "internet"].filter(
        (destination) => accessBetween(open, source, destination).length > 0,
      ),
    );
    // The two exit nodes use each other, but not themselves.
    expect(pairs).toHaveLength(inside + outside);
  });

  it("members get into their own devices as anybody but root", () => {
    const text = JSON.stringify({
      ssh: [{ action: "accept", src: ["autogroup:member"], dst: ["autogroup:self"], users: ["autogroup:nonroot"] }],
    });
    const reachability = compile(readPolicy(text), nodes, { users });
    const ask = (source: string, destination: string, user: string) =>
      sshAllows(reachability, { source, destination, user }).allowed;
    expect([
      ask("ada-1", "ada-2", "ada"),
      ask("ada-1", "ada-2", "root"),
      ask("ada-1", "bob-1", "ada"),
      ask("mon", "ada-1", "ada"),
    ]).toEqual([true, false, false, false]);
  });

  it("what Headscale has not, postures and IP sets, is refused", () => {
    expect(() => reach({ postures: {}, ipsets: {} })).toThrow("The tailnet policy has 2 problems");
  });
});

describe("Tailscale's documentation", () => {
  const acl = (src: string[], ...dst: string[]) => ({ action: "accept", src, dst });

  it.each<[string, object, string[]]>([
    ["an empty list denies everything", { acls: [] }, []],
    [
      "users reach their own devices, and whoever runs it the servers",
      { acls: [acl(["autogroup:member"], "autogroup:self:*"), acl(["autogroup:admin"], "tag:prod:22")] },
      ["ada@ -> own devices tcp+udp/*", "ada@ -> tag:prod tcp+udp/22"],
    ],
    [
      "one machine reaches one port of another, by the names of hosts",
      { hosts: { db: "100.64.0.4", admin: "100.64.0.1" }, acls: [acl(["admin"], "db:5432")] },
      ["ada-1 -> prod-1 tcp+udp/5432"],
    ],
    [
      "machines of a purpose reach machines of another",
      { acls: [acl(["tag:monitoring"], "tag:prod:80,443,9100-9110")] },
      ["tag:monitoring -> tag:prod tcp+udp/80,443,9100-9110"],
    ],
    [
      "a group reaches a network behind a router",
      { groups: { "group:it": ["ada@estate.example"] }, acls: [acl(["group:it"], "192.168.0.0/24:*")] },
      ["group:it -> 192.168.0.0/24 tcp+udp/*"],
    ],
    [
      "everybody goes out to the internet and nowhere else",
      { acls: [acl(["autogroup:member"], "autogroup:internet:*")] },
      ["autogroup:member -> internet tcp+udp/*"],
    ],
    [
      "a network only through the routers of a tag",
      { grants: [{ src: ["bob@estate.example"], dst: ["192.168.0.0/24"], ip: ["tcp:443"], via: ["tag:router"] }] },
      ["bob@ -> 192.168.0.0/24 tcp/443"],
    ],
  ])("%s", (_, policy, expected) => {
    expect(reach(policy, "tailscale")).toEqual(expected);
  });
});
