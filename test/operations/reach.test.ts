import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "../../operations/cli/exit";
import type { ReachRequest } from "../../operations/cli/request";
import { reach } from "../../operations/commands/reach";

const folder = mkdtempSync(join(tmpdir(), "reach-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

async function run(asked: Partial<ReachRequest>, stack = "dev"): Promise<string> {
  const lines: string[] = [];
  const print = (text: string): void => {
    lines.push(text);
  };
  await reach.run({
    command: "reach",
    stack,
    world: "none",
    yes: false,
    refresh: false,
    reach: { format: "text", ...asked },
    root: folder,
    cache: folder,
    print,
    say: print,
  });
  return lines.join("\n");
}

async function refusal(asked: Partial<ReachRequest>): Promise<{ message: string; code: number }> {
  try {
    await run(asked);
  } catch (error) {
    if (error instanceof CommandError) return { message: error.message, code: error.code };
    throw error;
  }
  throw new Error("it was not refused");
}

const policy = file(
  "policy.hujson",
  `{
    // runners reach the database, and nothing else
    "tagOwners": { "tag:ci": ["ada@"], "tag:db": ["ada@"] },
    "acls": [{ "action": "accept", "proto": "tcp", "src": ["tag:ci"], "dst": ["tag:db:5432"] }],
  }`,
);
const nodes = file("nodes.json", {
  nodes: [
    { name: "runner", addresses: ["100.64.0.1"], tags: ["tag:ci"] },
    { name: "db", addresses: ["100.64.0.2"], tags: ["tag:db"] },
    { name: "laptop", addresses: ["100.64.0.3"], user: "ada" },
  ],
});
const answer = "FROM    TO      PORTS     RULES\ntag:ci  tag:db  tcp/5432  acls[0]";

describe("any policy, for any nodes", () => {
  test("as text", async () => {
    expect(await run({ policy, nodes })).toBe(answer);
  });

  test("as JSON, which names nodes", async () => {
    const json: unknown = JSON.parse(await run({ policy, nodes, format: "json" }));
    expect(json).toMatchObject({
      version: 1,
      sources: [
        { kind: "nodes", label: "tag:ci", names: ["runner"] },
        { kind: "nodes", label: "tag:db", names: ["db"] },
        { kind: "nodes", label: "ada@", names: ["laptop"] },
      ],
      cells: [{ from: 0, to: 1, access: [{ protocols: ["tcp"], ports: "5432", rules: ["acls[0]"] }] }],
    });
  });

  test("as Markdown", async () => {
    expect(await run({ policy, nodes, format: "markdown" })).toBe(
      "| from \\ to | tag:db |\n| --- | --- |\n| tag:ci | tcp/5432 |",
    );
  });

  test("with the nodes as headscale lists them", async () => {
    const listed = file("headscale.json", [
      { id: 1, given_name: "runner", ip_addresses: ["100.64.0.1"], tags: ["tag:ci"], user: { name: "tagged-devices" } },
      { id: 2, given_name: "db", ip_addresses: ["100.64.0.2"], tags: ["tag:db"] },
      { id: 3, given_name: "laptop", ip_addresses: ["100.64.0.3"], user: { id: 1, name: "ada" } },
    ]);
    expect(await run({ policy, nodes: listed })).toBe(answer);
  });

  test("with the nodes as a client sees them", async () => {
    const node = (name: string, address: string, tags?: readonly string[]) => ({
      HostName: name,
      DNSName: `${name}.tail.example.`,
      UserID: 7,
      TailscaleIPs: [address],
      ...(tags === undefined ? {} : { Tags: tags }),
    });
    const status = file("status.json", {
      Self: node("laptop", "100.64.0.3"),
      Peer: { a: node("runner", "100.64.0.1", ["tag:ci"]), b: node("db", "100.64.0.2", ["tag:db"]) },
      User: { "7": { LoginName: "ada@example.org" } },
    });
    expect(await run({ policy, nodes: status })).toBe(answer);
  });

  test("and what changes from one policy to another", async () => {
    const before = file("before.hujson", '{ "tagOwners": { "tag:ci": ["ada@"], "tag:db": ["ada@"] }, "acls": [] }');
    expect(await run({ policy, nodes, before })).toBe("tag:ci can newly reach tag:db on tcp/5432 (acls[0])");
    expect(await run({ policy: before, nodes, before: policy })).toMatch(
      /^tag:ci can no longer reach tag:db on tcp\/5432/,
    );
    expect(await run({ policy, nodes, before: policy })).toBe("Nobody's reach changes.");
  });
});

describe("what is refused, with exit code 2", () => {
  test.each([
    ["a policy without nodes", { policy }, "--policy FILE needs --nodes FILE: who is in the tailnet it is for"],
    [
      "a server that there is not",
      { policy, nodes, server: "netbird" },
      'There is no server "netbird". --server is one of: headscale, tailscale',
    ],
  ])("%s", async (_, asked, message) => {
    expect(await refusal(asked)).toEqual({ message, code: 2 });
  });

  test("a file that is not there, is no JSON, or says nothing of nodes", async () => {
    expect((await refusal({ policy: join(folder, "none"), nodes })).message).toContain("cannot be read");
    expect(await refusal({ policy, nodes: policy })).toMatchObject({ code: 2 });
    const { message } = await refusal({ policy, nodes: file("other.json", { nodes: [{ name: "x", adresses: [] }] }) });
    expect(message).toContain("says of no tailnet who is in it. Allowed:");
    expect(message).toContain("nodes[0].addresses");
  });

  test("a policy with everything that is wrong with it", async () => {
    const bad = file(
      "bad.json",
      '{ "acls": [{ "action": "accept", "src": ["group:none"], "dst": ["tag:none:70000"] }] }',
    );
    const { message, code } = await refusal({ policy: bad, nodes });
    expect(code).toBe(2);
    expect(message).toContain("acls[0].src[0]");
    expect(message).toContain("acls[0].dst[0]");
  });
});

test("a stack's own tailnet, and what a policy file would change in it", async () => {
  expect(await run({})).toMatch(/^tag:ci +tag:docker +tcp\/22 +acls\[\d+\]$/m);
  const before = file("none.json", '{ "acls": [] }');
  expect(await run({ before })).toMatch(/^tag:ci can newly reach tag:docker on tcp\/22/m);
});

test("a stack's policy is read by the rules of its own control server, unless another is asked for", async () => {
  const before = file(
    "posture.json",
    '{ "acls": [{ "action": "accept", "src": ["autogroup:admin"], "dst": ["autogroup:self:22"] }] }',
  );
  const refused = async (stack: string, asked: Partial<ReachRequest>) => {
    try {
      return await run({ before, ...asked }, stack);
    } catch (error) {
      return error instanceof CommandError ? error.message : String(error);
    }
  };
  const words = [await refused("dndnordic", {}), await refused("dndnordic", { server: "headscale" })];
  expect(words[0]).not.toBe(words[1]);
  expect(await refused("dev", {})).toBe(await refused("dev", { server: "headscale" }));
});
