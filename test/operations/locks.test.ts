import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clearDeadLocks } from "../../operations/cli/locks";

let state: string;
let locks: string;
const lock = (name: string, pid: number, host: string): void => {
  writeFileSync(join(locks, `${name}.json`), JSON.stringify({ pid, username: "me", hostname: host, timestamp: "now" }));
};

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "state-"));
  locks = join(state, ".pulumi", "locks", "organization", "estate", "dev");
  mkdirSync(locks, { recursive: true });
});
afterEach(() => {
  rmSync(state, { recursive: true });
});

test("only the lock of a dead process of this machine is removed", () => {
  const dead = spawnSync("true").pid;
  lock("dead", dead, hostname());
  writeFileSync(join(locks, "dead.json.attrs"), "{}");
  lock("alive", process.pid, hostname());
  lock("elsewhere", dead, "another-machine");
  writeFileSync(join(locks, "odd.json"), "not JSON");
  expect(clearDeadLocks(state)).toEqual([dead]);
  expect(readdirSync(locks).sort()).toEqual(["alive.json", "elsewhere.json", "odd.json"]);
});

test("a state without locks is fine", () => {
  expect(clearDeadLocks(join(state, "nowhere"))).toEqual([]);
});

test("a holder that is dead but not collected yet is dead", async () => {
  // The shell becomes a program that collects no children.
  const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 60"]);
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (data: Buffer) => {
      resolve(Number(data.toString()));
    });
  });
  const phase = () => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1];
  while (phase() !== "Z") await sleep(10);
  lock("zombie", pid, hostname());
  expect(clearDeadLocks(state)).toEqual([pid]);
  parent.kill("SIGKILL");
});
