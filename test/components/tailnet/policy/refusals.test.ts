import { accept, acls, problemsOf } from "./support/refusals";

const SOURCES =
  "*, a user (with an @), a group, a tag, a host, an address or network, autogroup:member, autogroup:tagged, autogroup:danger-all";
const DESTINATIONS =
  "*, a user (with an @), a group, a tag, a host, an address or network, autogroup:internet, autogroup:member, autogroup:tagged, autogroup:self";

describe("mistakes of meaning in access rules", () => {
  it.each<[object, string]>([
    [
      { src: ["group:ops"] },
      'src[0]: "group:ops" names a group that the policy does not define; allowed: group:dev; define it in groups or name another',
    ],
    [
      { src: ["tag:ci"] },
      'src[0]: "tag:ci" names a tag that the policy does not define; allowed: tag:db; define it in tagOwners or name another',
    ],
    [
      { src: ["ada"] },
      'src[0]: "ada" names a host that the policy does not define; allowed: nas; define it in hosts or name another',
    ],
    [
      { src: ["autogroup:self"] },
      'src[0]: "autogroup:self" is no autogroup that may stand here; allowed: autogroup:member, autogroup:tagged, autogroup:danger-all; name another',
    ],
    [
      { src: ["autogroup:admin"] },
      'src[0]: "autogroup:admin" is no autogroup that may stand here; allowed: autogroup:member, autogroup:tagged, autogroup:danger-all; name another',
    ],
    [{ src: ["ipset:prod"] }, `src[0]: "ipset:prod" is nobody and nothing; allowed: ${SOURCES}; correct it`],
    [
      { dst: ["tag:db"] },
      'dst[0]: "tag:db" has no ports; allowed: a destination and its ports: "tag:db:5432"; add the ports',
    ],
    [
      { dst: ["nas"] },
      'dst[0]: "nas" has no ports; allowed: a destination and its ports: "tag:db:5432"; add the ports',
    ],
    [
      { dst: ["nas:"] },
      'dst[0]: "nas:" has nothing on one side of its last colon; allowed: a destination and its ports: "tag:db:5432"; add the ports',
    ],
    [
      { dst: ["[nas]:22"] },
      'dst[0]: "[nas]:22" has brackets around something else than an IPv6 address; allowed: a destination and its ports: "tag:db:5432"; add the ports',
    ],
    [
      { dst: ["nas:0"] },
      'dst[0]: "nas:0" names ports that are none (port 0 does not exist); allowed: ports such as "22", "80-90,443" or "*"; correct them',
    ],
    [
      { dst: ["nas:70000"] },
      'dst[0]: "nas:70000" names ports that are none (70000 is beyond the last port, 65535); allowed: ports such as "22", "80-90,443" or "*"; correct them',
    ],
    [
      { dst: ["nas:9-8"] },
      'dst[0]: "nas:9-8" names ports that are none ("9-8" ends before it begins); allowed: ports such as "22", "80-90,443" or "*"; correct them',
    ],
    [
      { dst: ["nas:80-"] },
      'dst[0]: "nas:80-" names ports that are none ("80-" is no range of ports); allowed: ports such as "22", "80-90,443" or "*"; correct them',
    ],
    [
      { dst: ["autogroup:danger-all:22"] },
      'dst[0]: "autogroup:danger-all:22" is no autogroup that may stand here; allowed: autogroup:internet, autogroup:member, autogroup:tagged, autogroup:self; name another',
    ],
    [{ dst: ["what:ever:22"] }, `dst[0]: "what:ever:22" is nobody and nothing; allowed: ${DESTINATIONS}; correct it`],
    [
      { proto: "*" },
      'proto: "*" is no protocol; allowed: icmp, igmp, ipv4, ip-in-ip, tcp, egp, igp, udp, gre, esp, ah, ipv6-icmp, sctp, fc, 1-255; name one of them',
    ],
    [
      { proto: "icmp", dst: ["nas:22"] },
      'dst[0]: "nas:22" names ports of a protocol that has none; allowed: *; write * for the ports',
    ],
    [
      { src: ["tag:db"], dst: ["autogroup:self:22"] },
      'src[0]: "tag:db" cannot reach autogroup:self; allowed: users, groups, autogroup:member or *; give it a rule of its own',
    ],
  ])("%j", (change, expected) => {
    expect(problemsOf(acls({ ...accept, ...change }))).toBe(`The tailnet policy has 1 problem:\n  acls[0].${expected}`);
  });

  it("are all in one error", () => {
    expect(problemsOf(acls({ ...accept, src: ["tag:x"], dst: ["tag:y:22"] })).split("\n")).toHaveLength(3);
  });
});

describe("mistakes of meaning elsewhere", () => {
  const TEST = { tagOwners: { "tag:db": [] }, hosts: { lan: "10.0.0.0/8" } };

  it.each<[object, string]>([
    [
      { groups: { dev: [] } },
      'groups.dev: "dev" is no name of a group; allowed: a name that begins with "group:"; rename it',
    ],
    [
      { groups: { "group:a": ["group:b"] } },
      'groups["group:a"][0]: "group:b" is a group within a group; allowed: users; name its members',
    ],
    [
      { groups: { "group:a": ["ada"] } },
      'groups["group:a"][0]: "ada" is no user; allowed: users, which have an @; write "ada@"',
    ],
    [
      { hosts: { "a:b": "10.0.0.1" } },
      'hosts["a:b"]: "a:b" is no name of a host; allowed: a name without @ and :; rename it',
    ],
    [{ hosts: { nas: "10.0.0" } }, 'hosts.nas: "10.0.0" is no address; allowed: an address or a network; correct it'],
    [
      { tagOwners: { "tag:1": [] } },
      'tagOwners["tag:1"]: "tag:1" is no name of a tag; allowed: a name that begins with "tag:" and a letter; rename it',
    ],
    [
      { tagOwners: { "tag:a": ["tag:b"] } },
      'tagOwners["tag:a"][0]: "tag:b" names a tag that the policy does not define; allowed: tag:a; define it in tagOwners or name another',
    ],
    [
      { tagOwners: { "tag:a": ["*"] } },
      'tagOwners["tag:a"][0]: "*" may not stand here; allowed: a user (with an @), a group, a tag; name something else',
    ],
    [
      { autoApprovers: { routes: { "10.0.0.0": [] } } },
      'autoApprovers.routes["10.0.0.0"]: "10.0.0.0" is no network; allowed: a network such as "10.42.0.0/24"; write the network with its length',
    ],
    [
      { autoApprovers: { exitNode: ["tag:a"] } },
      'autoApprovers.exitNode[0]: "tag:a" names a tag that the policy does not define; allowed: no tag yet; define it in tagOwners or name another',
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"] }] },
      "grants[0]: opens nothing; allowed: ports in ip, or capabilities in app; write at least one",
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"], ip: ["ssh:22"] }] },
      'grants[0].ip[0]: "ssh:22" is no protocol and ports ("ssh" is no protocol); allowed: "*", "443", "tcp:80-90"; correct it',
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"], ip: ["tcp:1:2"] }] },
      'grants[0].ip[0]: "tcp:1:2" is no protocol and ports (has more than one colon); allowed: "*", "443", "tcp:80-90"; correct it',
    ],
    [
      { grants: [{ src: ["*"], dst: ["0.0.0.0/0"], ip: ["*"] }] },
      'grants[0].dst[0]: "0.0.0.0/0" is every address; allowed: "*" or "autogroup:internet"; write which of the two you mean',
    ],
    [
      { grants: [{ src: ["*"], dst: ["autogroup:self"], ip: ["*"] }] },
      'grants[0].src[0]: "*" cannot reach autogroup:self; allowed: users, groups or autogroup:member; give it a rule of its own',
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"], ip: ["*"], via: ["ada@"] }] },
      'grants[0].via[0]: "ada@" may not stand here; allowed: a tag; name something else',
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"], app: { "https://a/b": [] } }] },
      'grants[0].app["https://a/b"]: "https://a/b" is a URL; allowed: a domain and a path: estate.example/cap/name; leave the scheme out',
    ],
    [
      { grants: [{ src: ["*"], dst: ["*"], app: { "tailscale.com/cap/ingress": [] } }] },
      'grants[0].app["tailscale.com/cap/ingress"]: "tailscale.com/cap/ingress" is a capability that only the server gives; allowed: tailscale.com/cap/drive, tailscale.com/cap/relay, tailscale.com/cap/webui, tailscale.com/cap/kubernetes, tailscale.com/cap/tsidp; name another',
    ],
    [
      { grants: [{ src: ["*"], dst: ["autogroup:internet"], app: { "a.example/b": [] } }] },
      "grants[0].app: is for applications of the internet; allowed: applications of nodes; remove one",
    ],
    [
      { nodeAttrs: [{ target: ["*"], attr: ["funnel"] }] },
      'nodeAttrs[0].attr[0]: "funnel" is not supported by Headscale; allowed: other attributes; remove it',
    ],
    [
      { nodeAttrs: [{ target: ["autogroup:self"] }] },
      'nodeAttrs[0].target[0]: "autogroup:self" is no autogroup that may stand here; allowed: autogroup:member, autogroup:tagged; name another',
    ],
    [
      { nodeAttrs: [{ target: ["*"], ipPool: ["100.81.0.0/16"] }] },
      'nodeAttrs[0].ipPool[0]: "100.81.0.0/16" is not supported by Headscale; allowed: no ipPool; remove it',
    ],
    [
      { ...TEST, tests: [{ src: "*" }] },
      "tests[0]: asserts nothing; allowed: destinations in accept or deny; name at least one",
    ],
    [
      { ...TEST, tests: [{ src: "*", proto: "icmp", accept: ["tag:db:1"] }] },
      'tests[0].proto: "icmp" has no connections; allowed: tcp, udp, sctp or nothing; name one of them',
    ],
    [
      { ...TEST, tests: [{ src: "*", accept: ["tag:db:1-2"] }] },
      'tests[0].accept[0]: "tag:db:1-2" is not one port; allowed: one port; write a test per port',
    ],
    [
      { ...TEST, tests: [{ src: "*", deny: ["lan:1"] }] },
      'tests[0].deny[0]: "lan:1" is a network; allowed: one address; name an address',
    ],
    [
      { ...TEST, tests: [{ src: "*", deny: ["10.0.0.1/32:1"] }] },
      'tests[0].deny[0]: "10.0.0.1/32:1" is a network; allowed: one address; name an address',
    ],
    [
      { ...TEST, tests: [{ src: "*", deny: ["autogroup:internet:1"] }] },
      'tests[0].deny[0]: "autogroup:internet:1" is no single destination; allowed: a node or an address; name an address',
    ],
    [{ ...TEST, sshTests: [{ src: "", dst: [] }] }, "sshTests"],
    [
      { ...TEST, sshTests: [{ src: "ada@", dst: ["lan"] }] },
      'sshTests[0].dst[0]: "lan" is no single host; allowed: tags, addresses, hosts, autogroups of devices; name another',
    ],
    [
      { ...TEST, sshTests: [{ src: "ada@", dst: ["tag:x"] }] },
      'sshTests[0].dst[0]: "tag:x" names a tag that the policy does not define; allowed: tag:db; define it in tagOwners or name another',
    ],
  ])("%j", (policy, expected) => {
    const message = problemsOf(JSON.stringify(policy));
    if (expected === "sshTests") {
      expect(message).toBe(
        [
          "The tailnet policy has 2 problems:",
          '  sshTests[0].src: "" names nobody; allowed: one source; name it',
          "  sshTests[0].dst: [] names no destination; allowed: at least one; name it",
        ].join("\n"),
      );
    } else {
      expect(message).toBe(`The tailnet policy has 1 problem:\n  ${expected}`);
    }
  });
});
