import type { AclRule, GrantRule, Policy } from "../../../../components/tailnet/policy";
import { allows, compile, type PolicyNode, type PolicyUser } from "../../../../components/tailnet/reach";
import { definitions, nodes, users } from "./support/worlds";

const acl = (src: string, dst: string, proto?: string): AclRule => ({
  action: "accept",
  ...(proto === undefined ? {} : { proto }),
  src: [src],
  dst: [dst],
});

/** A policy in which the second rule is the one in question. */
const withRule = (rule: AclRule): Policy => ({ ...definitions, acls: [acl("tag:unused", "tag:unused:1"), rule] });
const withGrant = (...grants: GrantRule[]): Policy => ({ ...definitions, grants });

/** "allowed by RULE over FAMILIES", or why not. */
const ask = (
  policy: Policy,
  source: string,
  destination: string,
  port?: number,
  protocol?: string | number,
): string => {
  const question = {
    source,
    destination,
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
  };
  const answer = allows(compile(policy, nodes, { users }), question);
  return answer.allowed ? `${answer.rules.join(" ")} ${answer.families.join("+")}` : answer.reason;
};

const BOTH = "acls[1] ipv4+ipv6";
const FOUR = "acls[1] ipv4";
const no = (source: string) => `no rule lets ${source} in`;

describe("sources", () => {
  it.each([
    ["a user by name", "ada@", "ada-laptop", BOTH],
    ["a user by e-mail", "ada@estate.example", "ada-phone", BOTH],
    ["a user who is somebody else", "bob@", "ada-laptop", no("ada-laptop")],
    ["a user whom the server does not know", "nobody@", "ada-laptop", no("ada-laptop")],
    ["a user with one family only", "eve@", "eve-laptop", FOUR],
    ["a group", "group:dev", "bob-laptop", BOTH],
    ["a group without members", "group:empty", "bob-laptop", no("bob-laptop")],
    ["a tag", "tag:web", "both", BOTH],
    ["a tag that nobody carries", "tag:unused", "web", no("web")],
    ["an address: that family only", "100.64.0.3", "bob-laptop", FOUR],
    ["a network of addresses", "fd7a:115c:a1e0::/125", "ada-laptop", "acls[1] ipv6"],
    ["a network with host bits", "100.64.0.6/30", "eve-laptop", FOUR],
    ["a host", "dbhost", "db", FOUR],
    ["a host that is a network", "half", "eve-laptop", FOUR],
    ["autogroup:member", "autogroup:member", "eve-laptop", FOUR],
    ["autogroup:member has no tagged node", "autogroup:member", "web", no("web")],
    ["autogroup:tagged", "autogroup:tagged", "router", BOTH],
    ["autogroup:tagged has nobody's device", "autogroup:tagged", "ada-laptop", no("ada-laptop")],
    ["* is every node", "*", "exit", BOTH],
    ["* is approved networks behind nodes", "*", "10.33.9.9", FOUR],
    ["* is not the rest of the world", "*", "192.168.9.9", no("192.168.9.9")],
    ["* is not what ChromeOS keeps", "*", "100.115.92.1", no("100.115.92.1")],
    ["autogroup:danger-all is the rest of the world too", "autogroup:danger-all", "192.168.9.9", FOUR],
    ["a network behind a router", "office", "10.33.7.7", FOUR],
    ["a router is not the network behind it", "office", "router", no("router")],
  ])("%s", (_, src, source, expected) => {
    expect(ask(withRule(acl(src, "tag:db:22")), source, "db", 22)).toBe(expected);
  });
});

describe("destinations", () => {
  it.each([
    ["a user", "ada@", "ada-phone", BOTH],
    ["a group", "group:dev", "bob-laptop", BOTH],
    ["a tag", "tag:db", "both", BOTH],
    ["a tag does not open the network behind its nodes", "tag:router", "10.33.1.1", no("web")],
    ["an address", "100.64.0.6", "db", FOUR],
    ["an IPv6 address", "fd7a:115c:a1e0::6", "db", "acls[1] ipv6"],
    ["an IPv6 address in brackets", "[fd7a:115c:a1e0::6]", "db", "acls[1] ipv6"],
    ["an IPv6 network in brackets", "[fd7a:115c:a1e0::]/125", "db", "acls[1] ipv6"],
    ["a host", "dbhost", "db", FOUR],
    ["a host is its address", "dbhost", "100.64.0.6", FOUR],
    ["a network behind a router", "lan", "10.33.200.1", FOUR],
    ["a smaller network than the router has", "office", "10.33.7.200", FOUR],
    ["and no more than that", "office", "10.33.8.1", no("web")],
    ["a network that overlaps the router's", "10.0.0.0/8", "10.33.8.1", FOUR],
    ["a network that nobody routes", "far", "192.168.9.9", "no node is or routes 192.168.9.9"],
    ["autogroup:member", "autogroup:member", "eve-laptop", FOUR],
    ["autogroup:tagged", "autogroup:tagged", "exit", BOTH],
    ["* is every node", "*", "bob-laptop", BOTH],
    ["* is every network", "*", "10.33.8.1", FOUR],
    ["* is the internet", "*", "8.8.8.8", FOUR],
    ["autogroup:internet, through an exit node", "autogroup:internet", "8.8.8.8", FOUR],
    ["autogroup:internet is no private network", "autogroup:internet", "10.33.8.1", no("web")],
    ["autogroup:internet is no node", "autogroup:internet", "db", no("web")],
    ["an exit node passes nothing on to private networks", "*", "172.16.0.1", "no node is or routes 172.16.0.1"],
    ["nor to multicast", "*", "224.0.0.1", "no node is or routes 224.0.0.1"],
  ])("%s", (_, dst, destination, expected) => {
    expect(ask(withRule(acl("tag:web", `${dst}:22`)), "web", destination, 22)).toBe(expected);
  });

  it("autogroup:self are the devices of the source's own user, and of nobody else", () => {
    const policy = withRule(acl("autogroup:member", "autogroup:self:22"));
    expect(ask(policy, "ada-laptop", "ada-phone", 22)).toBe(BOTH);
    expect(ask(policy, "ada-laptop", "bob-laptop", 22)).toBe(no("ada-laptop"));
    expect(ask(policy, "web", "both", 22)).toBe(no("web"));
    expect(ask(withRule(acl("bob@", "autogroup:self:22")), "ada-laptop", "ada-phone", 22)).toBe(no("ada-laptop"));
  });

  it("a network of which a part is reached says so", () => {
    const reachability = compile(withRule(acl("tag:web", "office:22")), nodes, { users });
    expect(allows(reachability, { source: "web", destination: "office", port: 22 })).toEqual({
      allowed: true,
      rule: "acls[1]",
      rules: ["acls[1]"],
      families: ["ipv4"],
      whole: true,
    });
    expect(allows(reachability, { source: "web", destination: "lan", port: 22 })).toMatchObject({ whole: false });
  });
});

describe("ports and protocols", () => {
  const anyPort = (protocol: string) => [ask(withRule(acl("tag:web", "tag:db:*", protocol)), "web", "db", 1, protocol)];

  it.each([
    ["without a protocol: TCP", undefined, "22", 22, "tcp", BOTH],
    ["without a protocol: UDP", undefined, "22", 22, "udp", BOTH],
    ["without a protocol: no SCTP", undefined, "22", 22, "sctp", no("web")],
    ["without a protocol: no GRE, though every port", undefined, "*", undefined, "gre", no("web")],
    ["of TCP only", "tcp", "22", 22, "udp", no("web")],
    ["by number", "17", "53", 53, 17, BOTH],
    ["in capitals", "UDP", "53", 53, "udp", BOTH],
    ["SCTP", "sctp", "36412", 36412, "sctp", BOTH],
    ["in a list", "tcp", "80,443", 443, "tcp", BOTH],
    ["in a range: its last", "tcp", "8000-8010", 8010, "tcp", BOTH],
    ["after a range", "tcp", "8000-8010", 8011, "tcp", no("web")],
    ["every port", "tcp", "*", 65535, "tcp", BOTH],
    ["a ping goes where any port is open", "tcp", "22", undefined, "icmp", BOTH],
    ["and where only pings are", "icmp", "*", undefined, "icmp", BOTH],
    ["a rule for pings opens no port", "icmp", "*", 22, "tcp", no("web")],
  ])("%s", (_, proto, ports, port, protocol, expected) => {
    expect(ask(withRule(acl("tag:web", `tag:db:${ports}`, proto?.toLowerCase())), "web", "db", port, protocol)).toBe(
      expected,
    );
  });

  it("every protocol that a policy may name", () => {
    const names = ["igmp", "ipv4", "ip-in-ip", "egp", "igp", "gre", "esp", "ah", "fc", "99"];
    expect(names.flatMap(anyPort)).toEqual(names.map(() => BOTH));
  });
});

describe("grants", () => {
  const grant = (dst: string, ...ip: string[]): Policy => withGrant({ src: ["tag:web"], dst: [dst], ip });

  it.each([
    ["*: TCP", ["*"], 9, "tcp", "grants[0] ipv4+ipv6"],
    ["*: no GRE", ["*"], undefined, "gre", no("web")],
    ["a port: TCP and UDP", ["53"], 53, "udp", "grants[0] ipv4+ipv6"],
    ["a protocol and ports", ["udp:53", "tcp:80-90"], 85, "tcp", "grants[0] ipv4+ipv6"],
    ["another protocol", ["udp:53"], 53, "tcp", no("web")],
  ])("%s", (_, ip, port, protocol, expected) => {
    expect(ask(grant("tag:db", ...ip), "web", "db", port, protocol)).toBe(expected);
  });

  it("ports of a protocol that has none open nothing but pings", () => {
    expect(ask(grant("tag:db", "gre:22"), "web", "db", undefined, "gre")).toBe(no("web"));
    expect(ask(grant("tag:db", "gre:22"), "web", "db", undefined, "icmp")).toBe("grants[0] ipv4+ipv6");
  });

  it("capabilities alone open no port, not even to pings", () => {
    const policy = withGrant({ src: ["tag:web"], dst: ["tag:db"], app: { "estate.example/cap": [{}] } });
    expect(ask(policy, "web", "db", undefined, "icmp")).toBe(no("web"));
  });

  it("via: only through routers with the tag, and only what they route", () => {
    const via = (tag: string, dst: string) => withGrant({ src: ["tag:db"], dst: [dst], ip: ["22"], via: [tag] });
    expect(ask(via("tag:router", "lan"), "db", "10.33.1.1", 22)).toBe("grants[0] ipv4");
    expect(ask(via("tag:router", "10.0.0.0/8"), "db", "10.33.1.1", 22)).toBe("grants[0] ipv4");
    expect(ask(via("tag:exit", "lan"), "db", "10.33.1.1", 22)).toBe(no("db"));
    expect(ask(via("tag:router", "tag:router"), "db", "router", 22)).toBe(no("db"));
    expect(ask(via("tag:exit", "autogroup:internet"), "db", "8.8.8.8", 22)).toBe("grants[0] ipv4");
    expect(ask(via("tag:router", "autogroup:internet"), "db", "8.8.8.8", 22)).toBe(no("db"));
  });
});

describe("a policy without rules", () => {
  it("allows everything when it has neither acls nor grants", () => {
    expect(ask({}, "web", "ada-laptop", 1)).toBe("no acls and no grants ipv4+ipv6");
    expect(ask({}, "web", "10.33.1.1", 1, "gre")).toBe(no("web"));
  });

  it.each([{ acls: [] }, { grants: [] }])("denies everything when there is an empty list: %j", (policy: Policy) => {
    expect(ask(policy, "web", "ada-laptop", 1)).toBe(no("web"));
  });
});

describe("exit nodes", () => {
  const far = acl("tag:db", "8.8.8.0/24:53");

  it("are shown only to nodes that may reach them or that they may reach", () => {
    expect(ask({ ...definitions, acls: [far] }, "db", "8.8.8.8", 53)).toBe(no("db"));
    expect(ask({ ...definitions, acls: [far, acl("tag:db", "tag:exit:22")] }, "db", "8.8.8.8", 53)).toBe(
      "acls[0] ipv4",
    );
    expect(ask({ ...definitions, acls: [far, acl("tag:exit", "tag:db:22")] }, "db", "8.8.8.8", 53)).toBe(
      "acls[0] ipv4",
    );
  });

  it("are shown by grants of capabilities too", () => {
    const known: GrantRule = { src: ["tag:db"], dst: ["tag:exit"], app: { "estate.example/cap": [{}] } };
    expect(ask({ ...definitions, acls: [far], grants: [known] }, "db", "8.8.8.8", 53)).toBe("acls[0] ipv4");
  });

  it("do not use themselves", () => {
    expect(ask(withRule(acl("*", "autogroup:internet:53")), "exit", "8.8.8.8", 53)).toBe(no("exit"));
  });
});

describe("users", () => {
  const laptop: PolicyNode = { name: "laptop", addresses: ["100.64.0.1"], user: "ada" };
  const db: PolicyNode = { name: "db", addresses: ["100.64.0.2"], tags: ["tag:db"] };
  const reach = (word: string, table?: readonly PolicyUser[]) => {
    const policy: Policy = { tagOwners: { "tag:db": [] }, acls: [acl(word, "tag:db:22")] };
    const options = table === undefined ? {} : { users: table };
    return allows(compile(policy, [laptop, db], options), { source: "laptop", destination: "db", port: 22 }).allowed;
  };

  it.each([
    ["without a table, by the name nodes have", "ada@", undefined, true],
    ["without a table nobody has an e-mail address", "ada@estate.example", undefined, false],
    ["by the provider's identifier before anything else", "id@idp", [{ name: "ada", identifier: "id@idp" }], true],
    [
      "names are not e-mail addresses cut short",
      "ada@",
      [
        { name: "x", email: "ada" },
        { name: "ada@y", identifier: "ada" },
      ],
      true,
    ],
  ])("%s", (_, word, table, expected) => {
    expect(reach(word, table)).toBe(expected);
  });
});
