import type { Policy } from "../../../../components/tailnet/policy";
import { allows, compile, type CompileOptions, type PolicyNode } from "../../../../components/tailnet/reach";
import { definitions, nodes, users } from "./support/worlds";

const refused = (policy: Policy, options: CompileOptions = {}, at: readonly PolicyNode[] = nodes) => {
  try {
    compile(policy, at, options);
    return "compiled";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
};
const accept = { action: "accept", src: ["*"], dst: ["*:*"] } as const;

describe("what cannot be answered for is refused, never guessed", () => {
  const tailscale = { server: "tailscale", users } as const;

  it.each<[string, Policy, string]>([
    [
      "device postures",
      { postures: { "posture:mac": [] }, acls: [{ ...accept, srcPosture: ["posture:mac"] }] },
      "acls[0].srcPosture: makes access depend on the state of a device; allowed: what can be evaluated; evaluate the policy without it",
    ],
    [
      "device postures by default",
      { defaultSrcPosture: ["posture:mac"] },
      "defaultSrcPosture: makes access depend on the state of a device; allowed: what can be evaluated; evaluate the policy without it",
    ],
    [
      "IP sets",
      { acls: [{ ...accept, dst: ["ipset:prod:22"] }] },
      'acls[0].dst[0]: "ipset:prod" is not evaluated; allowed: what can be evaluated; evaluate the policy without it',
    ],
    [
      "services",
      { grants: [{ src: ["*"], dst: ["svc:web"], ip: ["443"] }] },
      'grants[0].dst[0]: "svc:web" is not evaluated; allowed: what can be evaluated; evaluate the policy without it',
    ],
    [
      "app connectors",
      { nodeAttrs: [{ target: ["*"], app: { "tailscale.com/app-connectors": [] } }] },
      "nodeAttrs[0].app: makes routes that are known only when names are resolved; allowed: what can be evaluated; evaluate the policy without it",
    ],
    [
      "devices of other tailnets",
      { acls: [{ ...accept, src: ["autogroup:shared"] }] },
      'acls[0].src[0]: "autogroup:shared" means devices of other tailnets; allowed: what can be evaluated; evaluate the policy without it',
    ],
    [
      "roles that nobody told",
      { acls: [{ ...accept, src: ["autogroup:admin"] }] },
      'acls[0].src[0]: "autogroup:admin" needs the roles of users; allowed: users with roles; give the users with their roles',
    ],
  ])("%s", (_, policy, expected) => {
    expect(refused(policy, tailscale)).toBe(`The tailnet policy has 1 problem:\n  ${expected}`);
  });

  it("roles that are known", () => {
    const known = users.map((user) => ({ ...user, roles: user.name === "ada" ? ["admin"] : [] }));
    const policy: Policy = { ...definitions, acls: [{ ...accept, src: ["autogroup:admin"], dst: ["tag:db:22"] }] };
    const reachability = compile(policy, nodes, { server: "tailscale", users: known });
    const ask = (source: string) => allows(reachability, { source, destination: "db", port: 22 }).allowed;
    expect([ask("ada-phone"), ask("bob-laptop")]).toEqual([true, false]);
  });

  it("everybody of a domain, at Tailscale", () => {
    const policy: Policy = {
      ...definitions,
      acls: [{ ...accept, src: ["user:*@estate.example"], dst: ["tag:db:22"] }],
    };
    const reachability = compile(policy, nodes, tailscale);
    const ask = (source: string) => allows(reachability, { source, destination: "db", port: 22 }).allowed;
    expect([ask("ada-phone"), ask("bob-laptop"), ask("eve-laptop"), ask("web")]).toEqual([true, true, false, false]);
  });

  it("words that mean two users, as Headscale refuses them", () => {
    const two = [...users, { name: "ada@estate.example" }];
    const policy: Policy = { groups: { "group:dev": ["ada@estate.example"] }, acls: [] };
    expect(refused(policy, { users: two })).toBe(
      'The tailnet policy has 1 problem:\n  groups["group:dev"][0]: "ada@estate.example" means more than one user; allowed: a word that one user has; use the e-mail address',
    );
  });

  it("node attributes of users whom Headscale does not know, where all users are known", () => {
    const policy: Policy = { nodeAttrs: [{ target: ["nobody@"], attr: ["magicdns-aaaa"] }], acls: [] };
    expect(refused(policy, { users })).toBe(
      'The tailnet policy has 1 problem:\n  nodeAttrs[0].target[0]: "nobody@" means a user whom the server does not know; allowed: ada, bob, eve; name another',
    );
    expect(refused(policy)).toBe("compiled");
  });

  it("everybody of a domain is nobody to Headscale", () => {
    const policy: Policy = {
      ...definitions,
      acls: [{ ...accept, src: ["user:*@estate.example"], dst: ["tag:db:22"] }],
    };
    const reachability = compile(policy, nodes, { users });
    expect(allows(reachability, { source: "ada-phone", destination: "db", port: 22 }).allowed).toBe(false);
  });

  it("what the server refuses", () => {
    expect(refused({ acls: [{ ...accept, src: ["tag:x"] }] })).toBe(
      'The tailnet policy has 1 problem:\n  acls[0].src[0]: "tag:x" names a tag that the policy does not define; allowed: no tag yet; define it in tagOwners or name another',
    );
  });
});

describe("nodes", () => {
  it("that are wrong are one error", () => {
    const wrong: PolicyNode[] = [
      { name: "a", addresses: ["100.64.0.1", "fd7a::x"], user: "ada" },
      { name: "a", addresses: ["100.64.0.1"], user: "zoe", routes: ["10.0.0.0/40"] },
    ];
    expect(refused({ acls: [] }, { users }, wrong)).toBe(
      [
        "What the policy is evaluated with has 5 problems:",
        '  nodes[0].addresses[1]: "fd7a::x" is none; allowed: an address; correct it',
        '  nodes[1].routes[0]: "10.0.0.0/40" is none; allowed: a network; correct it',
        '  nodes[1].user: "zoe" is no user; allowed: ada, bob, eve; correct it',
        '  nodes[1].name: "a" is also nodes[0].name; allowed: its own; change one of the two',
        '  nodes[1].addresses[0]: "100.64.0.1" is also nodes[0].addresses[0]; allowed: its own; change one of the two',
      ].join("\n"),
    );
  });

  it("with tags and a user count as tagged", () => {
    const both: PolicyNode = { name: "both", addresses: ["100.64.0.1"], user: "ada", tags: ["tag:db"] };
    const reachability = compile({ acls: [{ ...accept, src: ["ada@"] }] }, [both], { users });
    expect(allows(reachability, { source: "both", destination: "both", port: 1 }).allowed).toBe(false);
  });
});

describe("questions", () => {
  it("that make no sense are one error", () => {
    const reachability = compile({ acls: [] }, nodes, { users });
    expect(() => allows(reachability, { source: "x", destination: "y", protocol: "ssh" })).toThrow(
      [
        "The question has 3 problems:",
        '  source: "x" is unknown; allowed: a node, an address, a network or a host of the policy; correct it',
        '  destination: "y" is unknown; allowed: a node, an address, a network or a host of the policy; correct it',
        '  protocol: "ssh" is no protocol; allowed: icmp, igmp, ipv4, ip-in-ip, tcp, egp, igp, udp, gre, esp, ah, ipv6-icmp, sctp, fc, 1-255; name one of them',
      ].join("\n"),
    );
    expect(() => allows(reachability, { source: "web", destination: "db" })).toThrow(
      "The question has 1 problem:\n  port: is no port; allowed: 0 to 65535; name the port",
    );
  });
});
