import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Daemon, isRunning } from "../../lab/control/daemon";
import { isLoopback, listeners } from "./listeners";
import { changes, count, Lab, ok } from "../engine/support/lab";

// The real CLI and engine, the project's own providers, a real headscale and real clients in user space, on loopback. The
// machines they run on are simulated; nothing here proves anything about Proxmox, cloud-init or a kernel's own WireGuard.
jest.setTimeout(300_000);
const full = { lab: "full" };
const lab = new Lab();
const folder = join(lab.root, ".lab", "dev.full");
const hosts = join(folder, "machines", "hosts");

afterAll(async () => {
  await lab.estate("down", full);
  lab.remove();
});

/** The hub's own command line: what an operator would type on it. */
function headscale(...args: readonly string[]): string {
  return execFileSync(join(hosts, "headscale", "bin", "headscale"), args, { encoding: "utf8" });
}

const nodeSchema = z.object({
  id: z.number(),
  given_name: z.string(),
  tags: z.array(z.string()),
  approved_routes: z.array(z.string()).default([]),
});

function nodes(): z.infer<typeof nodeSchema>[] {
  const listed = z.array(nodeSchema).parse(JSON.parse(headscale("nodes", "list", "--output", "json")));
  return listed.sort((a, b) => a.given_name.localeCompare(b.given_name));
}

function nodeId(name: string): string {
  return String(nodes().find((node) => node.given_name === name)?.id);
}

/** What the lab's machines run, as they have noted it: processes that somebody started then, not just any of that number. */
function daemons(): Daemon[] {
  return readdirSync(hosts).map((name) => {
    const state = join(hosts, name, "state");
    const file = readdirSync(state).find((entry) => entry.endsWith(".pid")) ?? "";
    return z
      .object({ pid: z.number(), started: z.string() })
      .parse(JSON.parse(readFileSync(join(state, file), "utf8")));
  });
}

// One story: each test starts from what the one before it left.
describe("the tailnet of stack dev in the full lab", () => {
  let resources: number;

  test("one up from nothing: hub, key, users, policy, keys; machines joined and tagged, routes approved", async () => {
    const run = ok(await lab.estate("up", full));
    resources = count(run, "created");
    expect(resources).toBeGreaterThanOrEqual(100);
    expect(run.output).toContain("PARTLY SIMULATED");
    expect(run.output).toMatch(/^3 machines have joined the tailnet/m);
    expect(nodes().map(({ given_name, tags, approved_routes }) => [given_name, tags, approved_routes])).toEqual([
      ["docker", ["tag:core", "tag:docker"], []],
      ["field", ["tag:field"], ["10.42.0.0/24"]],
      ["node1", ["tag:app", "tag:node1"], ["10.96.0.0/12", "10.244.0.0/16"]],
    ]);
  });

  test("everything that runs listens on loopback alone", () => {
    const all = daemons().map(({ pid }) => listeners(pid));
    expect(all.every((own) => own.length > 0)).toBe(true);
    expect(all.flat().filter((listener) => !isLoopback(listener))).toEqual([]);
  });

  test("a second up changes nothing, although the single-use keys are used up", async () => {
    const keys = z
      .array(z.object({ used: z.boolean().default(false), reusable: z.boolean().default(false) }))
      .parse(JSON.parse(headscale("preauthkeys", "list", "--output", "json")));
    expect(keys.filter(({ used }) => used)).toHaveLength(3);
    const run = ok(await lab.estate("up", full));
    expect(count(run, "unchanged")).toBe(resources);
    expect(changes(run)).toEqual([]);
  });

  test("no key stands in clear in the world, and none in the state", () => {
    const key = /hskey-(api|auth)-[\w-]{12}-\w+/;
    expect(readFileSync(join(folder, "world.json"), "utf8")).not.toMatch(key);
    const state = join(folder, "state", ".pulumi", "stacks", "estate", "dev.json");
    expect(readFileSync(state, "utf8")).toContain("headscale:index:PreAuthKey");
    expect(readFileSync(state, "utf8")).not.toMatch(key);
  });

  test("policy, user, tag and route approval changed by hand: a refresh names all four", async () => {
    const policy = join(folder, "policy.json");
    headscale("users", "rename", "--identifier", "1", "--new-name", "eve");
    execFileSync("sh", [
      "-c",
      `'${join(hosts, "headscale/bin/headscale")}' policy get | sed 's/"you@"/"eve@"/' > ${policy}`,
    ]);
    headscale("policy", "set", "--file", policy);
    headscale("nodes", "tag", "--identifier", nodeId("docker"), "--tags", "tag:core");
    headscale("nodes", "approve-routes", "--identifier", nodeId("field"), "--routes", "");
    const run = await lab.estate("refresh", full);
    expect(run.code).toBe(7);
    expect(run.output).toContain(
      'Drift in stack dev: 4 resources: headscale:index:NodeTags "dev-tailnet-tags-docker" (tags[1]); ' +
        'headscale:index:Policy "dev-tailnet-policy" (policy); ' +
        'headscale:index:RouteApproval "dev-tailnet-routes-field" (routes[0]); ' +
        'headscale:index:User "dev-tailnet-user-you" (name)',
    );
    expect(run.output).toContain("make up STACK=dev LAB=full REFRESH=1");
  });

  test("an up that looks first puts all four right", async () => {
    const run = ok(await lab.estate("up", { ...full, refresh: "1" }));
    expect(changes(run)).toEqual(["updated", "to update"]);
    expect(ok(await lab.estate("refresh", full)).output).toContain("No drift in stack dev");
    expect(nodes().map(({ given_name, tags, approved_routes }) => [given_name, tags, approved_routes])).toEqual([
      ["docker", ["tag:core", "tag:docker"], []],
      ["field", ["tag:field"], ["10.42.0.0/24"]],
      ["node1", ["tag:app", "tag:node1"], ["10.96.0.0/12", "10.244.0.0/16"]],
    ]);
    expect(headscale("users", "list", "--output", "json")).toContain('"name": "you"');
  });

  test("machines that were killed are switched on again, with what they had", async () => {
    for (const { pid } of daemons()) process.kill(pid, "SIGKILL");
    const run = ok(await lab.estate("up", full));
    expect(run.output).toContain("Switching on headscale (headscale)");
    expect(changes(run)).toEqual([]);
    expect(run.output).toMatch(/^3 machines have joined the tailnet/m);
  });

  test("down takes everything away and ends what it started", async () => {
    const running = daemons();
    expect(running.filter(isRunning)).toHaveLength(4);
    const run = ok(await lab.estate("down", full));
    expect(run.output).toContain("The lab of stack dev is gone.");
    expect(existsSync(folder)).toBe(false);
    expect(running.filter(isRunning)).toEqual([]);
  });
});
