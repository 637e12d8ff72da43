import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withPidLock } from "../../lab/plain/pid-lock.cjs";

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  lock = join(folder, "some.lock");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const deadPid = (): number => spawnSync("true").pid;
const taken = (): Promise<string> => withPidLock(lock, "taking it", () => "taken");

test("one at a time, and nothing is left behind", async () => {
  let [inside, most] = [0, 0];
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(5);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withPidLock(lock, "working", work, { pollMilliseconds: 2 })));
  expect([most, readdirSync(folder)]).toEqual([1, []]);
});

test("who waits is told once for whom", async () => {
  const waits: unknown[] = [];
  const first = withPidLock(lock, "being first", () => sleep(60));
  await withPidLock(lock, "being second", () => undefined, {
    onWait: (holder) => waits.push(holder),
    pollMilliseconds: 10,
  });
  await first;
  expect(waits).toEqual([{ pid: process.pid, purpose: "being first" }]);
});

test.each([
  ["a dead process", () => JSON.stringify({ pid: deadPid(), started: "", purpose: "gone" })],
  [
    "a living process that only has a dead one's id",
    () => JSON.stringify({ pid: process.pid, started: "1", purpose: "gone" }),
  ],
  ["nobody knows whom", () => "not JSON"],
])("the lock of %s is taken over", async (_whose, content) => {
  writeFileSync(lock, content());
  expect(await taken()).toBe("taken");
  expect(readdirSync(folder)).toEqual([]);
});

test("it is released when the work fails", async () => {
  await expect(withPidLock(lock, "failing", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(lock)).toBe(false);
});
