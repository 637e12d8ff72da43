import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expireOthersScript } from "../../../components/tailnet/hub/hub.setup";
import { makeHub, run, type TestHub } from "./testHub";
import { program } from "./tools";

let hub: TestHub;

jest.setTimeout(120_000);

beforeAll(async () => {
  hub = await makeHub(await program("headscale"));
  hub.systemctl("start");
  await hub.ready();
});
afterAll(() => {
  hub.remove();
});

async function mint(): Promise<string> {
  const { code, stdout, stderr } = await hub.script("apiKey.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^hskey-api-[A-Za-z0-9_-]{12}-[A-Za-z0-9_-]{64}\n$/);
  return stdout.trim();
}

/** As the component runs it: the prefix of the key in use before the script. */
function expireOthers(apiKey: string) {
  const before = expireOthersScript(apiKey).split("\n")[0] ?? "";
  return hub.script("apiKeyOthers.sh", { before });
}

const opens = async (key: string): Promise<boolean> => (await hub.get("/api/v1/user", key)).status === 200;

test("a key that never arrived, and an earlier edition's, end; the one in use and people's own stay", async () => {
  const own = (await hub.headscale("apikeys", "create")).trim();
  const [earlier, lost, used] = [await mint(), await mint(), await mint()];
  expect(await expireOthers(used)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await Promise.all([own, earlier, lost, used].map(opens))).toEqual([true, false, false, true]);
  // Again is as good.
  expect(await expireOthers(used)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await Promise.all([own, used].map(opens))).toEqual([true, true]);
});

test("nothing is expired on the word of a key that this hub did not mint", async () => {
  const used = await mint();
  for (const stranger of [`hskey-api-${"x".repeat(12)}-${"y".repeat(64)}`, "simulated: the command was not run"]) {
    const { code, stderr } = await expireOthers(stranger);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "the API key in use was not minted on this hub (a new machine?): raise apiKeyEdition; nothing was expired\n",
    });
  }
  expect(await opens(used)).toBe(true);
});

test("a key is in no file and in no log of the hub, but for its public prefix", async () => {
  const secret = (await mint()).slice("hskey-api-".length + 12);
  const found = await run(
    "grep",
    ["--recursive", "--binary-files=text", "--files-with-matches", "--file=-", hub.root],
    {
      input: secret,
    },
  );
  expect(found).toEqual({ code: 1, stdout: "", stderr: "" });
  expect(readFileSync(join(hub.state, "estate-api-keys"), "utf8")).not.toContain(secret);
});

test("a key is in no command line while it is minted", async () => {
  const watch = ["-c", "while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; echo; sleep 0.02; done"];
  const watcher = spawn("sh", watch, { stdio: ["ignore", "pipe", "ignore"] });
  const seen: string[] = [];
  watcher.stdout.on("data", (data: Buffer) => seen.push(data.toString()));
  // Slow enough for the watcher to see the program itself.
  const { stdout } = await hub.script("apiKey.sh", { before: 'headscale() { command headscale "$@"; sleep 0.2; }' });
  watcher.kill();
  const lines = seen.join("");
  expect(lines).toContain("headscale apikeys create --expiration 90d");
  expect(lines).not.toContain(stdout.trim().slice(-64));
});
