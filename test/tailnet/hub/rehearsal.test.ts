import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Client, startClient } from "../../../lab/control/tailscale";
import { makeHub, run, type TestHub } from "./testHub";
import { program } from "./tools";

const policy = JSON.stringify({
  tagOwners: { "tag:core": ["ada@"] },
  acls: [{ action: "accept", src: ["ada@"], dst: ["tag:core:22"] }],
});

/** A hub with a user, a policy, an API key, and a real client that joined as a tagged node. */
interface World {
  readonly hub: TestHub;
  readonly client: Client;
  readonly apiKey: string;
  readonly noiseKey: string;
}

const nodesOf = z.object({
  nodes: z.array(z.object({ givenName: z.string(), tags: z.array(z.string()), ipAddresses: z.array(z.string()) })),
});

async function facts({ hub, apiKey }: Pick<World, "hub" | "apiKey">) {
  const call = async (path: string): Promise<unknown> => JSON.parse((await hub.get(`/api/v1/${path}`, apiKey)).body);
  const users = z.object({ users: z.array(z.object({ name: z.string() })) }).parse(await call("user"));
  return {
    users: users.users.map(({ name }) => name),
    nodes: nodesOf.parse(await call("node")).nodes,
    policy: z.object({ policy: z.string() }).parse(await call("policy")).policy,
    noiseKey: (await hub.get("/key?v=113")).body,
  };
}

async function backUp(hub: TestHub): Promise<string> {
  const { code, stdout, stderr } = await hub.script("backup.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim();
}

jest.setTimeout(120_000);

describe("a hub", () => {
  let world: World;

  beforeAll(async () => {
    const hub = await makeHub(await program("headscale"));
    hub.systemctl("start");
    await hub.ready();
    const apiKey = (await hub.script("apiKey.sh")).stdout.trim();
    await hub.headscale("users", "create", "ada");
    writeFileSync(join(hub.root, "policy"), policy);
    await hub.headscale("policy", "set", "--file", join(hub.root, "policy"));
    const client = await joinHub(hub);
    world = { hub, client, apiKey, noiseKey: (await hub.get("/key?v=113")).body };
  });
  afterAll(async () => {
    await world.client.stop();
    world.hub.remove();
  });

  test("everything that was lost is there again, and a joined client comes back by itself", async () => {
    const { hub, client } = world;
    const before = await facts(world);
    expect(before).toMatchObject({ users: ["ada"], nodes: [{ givenName: "core1", tags: ["tag:core"] }] });
    const archive = await backUp(hub);
    hub.systemctl("stop");
    for (const name of readdirSync(hub.state)) rmSync(join(hub.state, name), { recursive: true });
    // A new machine: the package has started a server, which made keys and a database of its own.
    hub.systemctl("start");
    await hub.ready();
    expect((await hub.get("/key?v=113")).body).not.toBe(world.noiseKey);
    expect((await hub.get("/api/v1/user", world.apiKey)).status).toBe(401);

    const restored = await hub.script("restore.sh", { args: ["--apply", archive] });
    expect({ code: restored.code, stderr: restored.stderr }).toEqual({ code: 0, stderr: "" });
    expect(restored.stdout).toContain("restored: Headscale runs;");
    expect(restored.stdout).toContain("holds:    1 users, 1 nodes, 1 policies, 1 API keys\n");
    expect(restored.stdout).toContain("noise key: another one than the hub has now");
    expect(await facts(world)).toEqual(before);
    await online(world);
    expect((await client.status()).BackendState).toBe("Running");
  });

  test("an archive is for root alone, whole, and of a database that is not torn while it is written to", async () => {
    const { hub } = world;
    const writing = Promise.all([1, 2, 3].map((n) => hub.headscale("users", "create", `writer${n}`)));
    const archive = await backUp(hub);
    await writing;
    expect([statSync(archive).mode & 0o777, statSync(hub.backups).mode & 0o777]).toEqual([0o600, 0o700]);
    const { stdout } = await run("tar", ["-tzf", archive]);
    const names = stdout
      .trim()
      .split("\n")
      .map((line) => line.split("/").slice(1).join("/"));
    expect(names.filter((name) => name !== "").sort()).toEqual([
      "SHA256SUMS",
      "config.yaml",
      "db.sqlite",
      "derp_server_private.key",
      "estate-api-keys",
      "extra-records.json",
      "noise_private.key",
    ]);
    expect(readdirSync(hub.backups).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("backups older than 14 days go, and nothing else", async () => {
    const { hub } = world;
    const file = (name: string, days: number) => {
      const path = join(hub.backups, name);
      writeFileSync(path, "");
      utimesSync(path, Date.now() / 1000 - days * 86_400, Date.now() / 1000 - days * 86_400);
    };
    file("headscale-old.tar.gz", 16);
    file("headscale-young.tar.gz", 13);
    file("by-hand.tar.gz", 99);
    await backUp(hub);
    const names = readdirSync(hub.backups);
    expect(names).not.toContain("headscale-old.tar.gz");
    expect(names).toEqual(expect.arrayContaining(["headscale-young.tar.gz", "by-hand.tar.gz"]));
  });

  test("a restore that would lose a node is refused, until that is accepted; without --apply nothing changes", async () => {
    const { hub } = world;
    await sleep(1100); // A backup's name has seconds.
    const archive = await backUp(hub);
    await registerLate(hub);
    const before = await facts(world);

    const refused = await hub.script("restore.sh", { args: ["--apply", archive] });
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("would have to join again:\n            late1\n");
    expect(refused.stderr).toBe(
      "headscale-restore: nodes would be lost; add --lose-nodes to accept that; nothing was changed\n",
    );
    const dry = await hub.script("restore.sh", { args: ["--lose-nodes", archive] });
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain("dry run:  nothing was changed; add --apply to restore\n");
    expect(await facts(world)).toEqual(before);

    expect((await hub.script("restore.sh", { args: ["--apply", "--lose-nodes", archive] })).code).toBe(0);
    expect((await facts(world)).nodes.map(({ givenName }) => givenName)).toEqual(["core1"]);
    // What was there before is not gone.
    expect(readdirSync(hub.root).filter((name) => name.startsWith("state.before-")).length).toBeGreaterThan(0);
  });

  test("a damaged archive is refused before anything is touched", async () => {
    const { hub } = world;
    const folder = mkdtempSync(join(tmpdir(), "hub-damaged-"));
    await sleep(1100);
    const archive = await backUp(hub);
    const damaged = join(folder, "damaged.tar.gz");
    await run("sh", ["-c", `tar -xzf "${archive}" -C "${folder}" && rm "${archive}"`]);
    const [inside = ""] = readdirSync(folder);
    appendFileSync(join(folder, inside, "noise_private.key"), "x");
    await run("tar", ["-czf", damaged, "-C", folder, inside]);
    const none = join(folder, "none.tar.gz");
    copyFileSync(join(hub.settings, "config.yaml"), none);
    for (const [file, reason] of [
      [damaged, `${damaged} is damaged: a checksum differs`],
      [none, `${none} cannot be read as a backup`],
    ]) {
      const { code, stderr } = await hub.script("restore.sh", { args: ["--apply", file ?? ""] });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `headscale-restore: ${reason ?? ""}; nothing was changed\n`,
      });
    }
    expect((await facts(world)).noiseKey).toBe(world.noiseKey);
    rmSync(folder, { recursive: true });
  });
});

/** A node as it is registered by hand, without a client. */
async function registerLate(hub: TestHub): Promise<void> {
  const request = `hskey-authreq-${"l".repeat(24)}`;
  await hub.headscale("debug", "create-node", "--name", "late1", "--user", "ada", "--key", request);
  await hub.headscale("auth", "register", "--user", "ada", "--auth-id", request);
}

/** A real client that joins as tag:core. */
async function joinHub(hub: TestHub): Promise<Client> {
  const hostname = "core1";
  const directory = join(hub.root, hostname);
  const client = await startClient({
    daemon: await program("tailscaled"),
    cli: await program("tailscale"),
    directory,
    authority: hub.authority,
  });
  const key = await hub.headscale("preauthkeys", "create", "--tags", "tag:core", "--expiration", "1h");
  const authKeyFile = join(directory, "key");
  writeFileSync(authKeyFile, key, { mode: 0o600 });
  await client.up({ loginServer: hub.url, authKeyFile, hostname });
  return client;
}

/** The client had the restored noise key all along: it only has to try again. */
async function online({ hub, apiKey }: World): Promise<void> {
  const shape = z.object({ nodes: z.array(z.object({ online: z.boolean() })) });
  for (let tries = 300; tries > 0; tries--) {
    const { body } = await hub.get("/api/v1/node", apiKey);
    if (shape.parse(JSON.parse(body)).nodes.every((node) => node.online)) return;
    await sleep(100);
  }
  throw new Error(`The client did not come back:\n${readFileSync(join(hub.root, "core1", "tailscaled.log"), "utf8")}`);
}

// Cannot prove: systemd (a stand-in starts and stops the server) and file ownership (everything belongs to one user
// here).
