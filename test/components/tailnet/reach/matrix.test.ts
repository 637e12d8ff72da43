import type { AclRule, Policy } from "../../../../components/tailnet/policy";
import { compile, linesOf, matrix, toJson, toMarkdown, toText } from "../../../../components/tailnet/reach";
import { definitions, nodes, users } from "./support/worlds";

const acl = (src: string[], dst: string[], proto = "tcp"): AclRule => ({ action: "accept", proto, src, dst });
const matrixOf = (...acls: AclRule[]) => matrix(compile({ ...definitions, acls } satisfies Policy, nodes, { users }));
const lines = (...acls: AclRule[]) =>
  linesOf(matrixOf(...acls)).map(({ from, to, ports }) => `${from} -> ${to} ${ports}`);

describe("nodes that rules treat alike", () => {
  it("are one row or column, in the words of the policy", () => {
    expect(lines(acl(["group:dev"], ["tag:db:22"]))).toEqual(["group:dev -> tag:db tcp/22"]);
  });

  it("are told apart where rules do", () => {
    expect(lines(acl(["ada@"], ["tag:db:22"]), acl(["bob@"], ["dbhost:80"]))).toEqual([
      "ada@ -> both tcp/22",
      "ada@ -> db tcp/22",
      "bob@ -> db tcp/80",
    ]);
  });

  it("have names of their own where no word of the policy means them", () => {
    expect(lines(acl(["ada@"], ["100.64.0.7:22"]))).toEqual(["ada@ -> both tcp/22"]);
  });

  it("are told apart by whether they are somebody's", () => {
    expect(lines(acl(["*"], ["lan:22"])).filter((line) => line.endsWith("-> lan tcp/22"))).toEqual([
      "eve@ -> lan tcp/22",
      "group:dev -> lan tcp/22",
      "office -> lan tcp/22",
      "tag:db, tag:router, tag:web -> lan tcp/22",
      "tag:exit -> lan tcp/22",
    ]);
  });

  it("are every node, when they are", () => {
    const alike = ["a", "b"].map((name, at) => ({ name, addresses: [`100.64.0.${at + 1}`], tags: ["tag:db"] }));
    const all = matrix(compile({ ...definitions, acls: [acl(["*"], ["*:22"])] }, alike, { users }));
    expect(linesOf(all).map(({ from, to }) => [from, to])).toEqual([["every node", "every node"]]);
  });
});

describe("networks", () => {
  it("are columns by the name of their host, or by address", () => {
    expect(lines(acl(["tag:db"], ["lan:443", "[fd00:33::]/64:443"]))).toEqual([
      "tag:db -> fd00:33::/64 tcp/443",
      "tag:db -> lan tcp/443",
      "tag:db -> office tcp/443",
    ]);
  });

  it("are rows where rules have them as sources", () => {
    expect(lines(acl(["office"], ["tag:db:443"]))).toEqual(["lan -> tag:db tcp/443", "office -> tag:db tcp/443"]);
  });

  it("the internet is one, where exit nodes are and are seen", () => {
    expect(lines(acl(["tag:db"], ["autogroup:internet:443"]))).toEqual(["tag:db -> internet tcp/443"]);
    const inside = nodes.filter(({ name }) => name !== "exit");
    const none = matrix(
      compile({ ...definitions, acls: [acl(["tag:db"], ["autogroup:internet:443"])] }, inside, { users }),
    );
    expect(linesOf(none)).toEqual([]);
  });
});

describe("networks of the internet", () => {
  const far = acl(["tag:db"], ["8.8.8.0/24:53"]);

  it("stand by themselves, and are not the internet", () => {
    expect(lines(far, acl(["tag:exit"], ["tag:db:22"]))).toEqual([
      "tag:db -> 8.8.8.0/24 tcp/53",
      "tag:exit -> tag:db tcp/22",
    ]);
  });

  it("are reached only by nodes that see an exit node", () => {
    expect(lines(far)).toEqual([]);
  });
});

describe("access", () => {
  const access = (...acls: AclRule[]) =>
    matrixOf(...acls)
      .accesses.filter((items) => items.length > 0)
      .map((items) => items.map(({ ports, ...rest }) => ({ ...rest, ports: ports.join(" ") })));

  it("is cut where rules begin and end, and put together where the same rules hold", () => {
    expect(
      access(
        acl(["ada@"], ["tag:router:80-90"]),
        acl(["ada@"], ["tag:router:85-100,200"], "udp"),
        acl(["ada@"], ["tag:router:88-95,91"]),
      ),
    ).toEqual([
      [
        { protocols: ["tcp"], ports: "80,87", rules: ["acls[0]"] },
        { protocols: ["udp"], ports: "85,100 200,200", rules: ["acls[1]"] },
        { protocols: ["tcp"], ports: "88,90", rules: ["acls[0]", "acls[2]"] },
        { protocols: ["tcp"], ports: "91,95", rules: ["acls[2]"] },
      ],
    ]);
  });

  it("names protocols together that have the same ports", () => {
    expect(access({ action: "accept", src: ["ada@"], dst: ["tag:router:53"] })).toEqual([
      [{ protocols: ["tcp", "udp"], ports: "53,53", rules: ["acls[0]"] }],
    ]);
  });

  it("is a ping where nothing else goes through", () => {
    expect(access(acl(["ada@"], ["tag:router:*"], "icmp"))).toEqual([
      [{ protocols: ["icmp"], ports: "0,65535", rules: ["acls[0]"] }],
    ]);
  });
});

describe("for people", () => {
  const some = matrixOf(
    acl(["tag:web"], ["dbhost:5432"]),
    acl(["autogroup:member"], ["autogroup:self:*"]),
    acl(["group:dev"], ["tag:router:22", "lan:8000-8010"]),
  );

  it("lines with ports, their names and rules", () => {
    expect(toText(some, { services: { "tcp/5432": "postgres" } })).toBe(
      [
        "FROM       TO           PORTS                RULES",
        "group:dev  lan          tcp/8000-8010        acls[2]",
        "group:dev  office       tcp/8000-8010        acls[2]",
        "group:dev  own devices  tcp/*                acls[1]",
        "group:dev  tag:router   tcp/22               acls[2]",
        "tag:web    db           tcp/5432 (postgres)  acls[0]",
        "",
      ]
        .join("\n")
        .replace("tag:web    db", "tag:web    db"),
    );
  });

  it("a table for pages", () => {
    expect(toMarkdown(some)).toBe(
      [
        "| from \\ to | lan | office | own devices | tag:router | db |",
        "| --- | --- | --- | --- | --- | --- |",
        "| group:dev | tcp/8000-8010 | tcp/8000-8010 | tcp/\\* | tcp/22 |  |",
        "| tag:web |  |  |  |  | tcp/5432 |",
        "",
      ].join("\n"),
    );
  });

  it("says when there is nothing", () => {
    expect([toText(matrixOf()), toMarkdown(matrixOf())]).toEqual(Array(2).fill("Nobody reaches anything.\n"));
  });
});

describe("for programs", () => {
  it("is JSON with groups and the cells that are not empty", () => {
    const own = { action: "accept", src: ["ada@"], dst: ["autogroup:self:22"] } as const;
    const json = toJson(matrixOf(acl(["tag:router"], ["tag:exit:80"]), own));
    const label = (kind: "sources" | "destinations", at: number) => json[kind][at]?.label;
    expect(json.version).toBe(1);
    expect(
      json.cells.map((cell) => ({ ...cell, from: label("sources", cell.from), to: label("destinations", cell.to) })),
    ).toEqual([
      {
        from: "ada@",
        to: "ada@",
        ownUser: true,
        access: [{ protocols: ["tcp", "udp"], ports: "22", rules: ["acls[1]"] }],
      },
      { from: "tag:router", to: "tag:exit", access: [{ protocols: ["tcp"], ports: "80", rules: ["acls[0]"] }] },
    ]);
    expect(json.sources.find(({ label: word }) => word === "ada@")).toEqual({
      kind: "nodes",
      label: "ada@",
      names: ["ada-laptop", "ada-phone"],
    });
  });
});
