import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { finished, Lab, ok } from "./support/lab";

// A run that is stopped in the middle, in three ways, and the next `up`. What was made twice or lost shows in the world: the
// inventory afterwards must be that of a run that nothing disturbed.
const lab = new Lab();
afterAll(() => {
  lab.remove();
});

let undisturbed: string[];
const vmType = "proxmoxve:index/vmLegacy:VmLegacy";

/** Inventory without the ids that a provider makes up: how many of which type. */
function shape(inventory: readonly string[]): Record<string, number> {
  const types = inventory.map((line) => line.split(" ")[0] ?? "");
  return Object.fromEntries([...new Set(types)].map((type) => [type, types.filter((other) => other === type).length]));
}

/** A lab whose world is empty but for a fault: lab/world/data.ts says what there is. */
function startWith(fault: Readonly<Record<string, string | number>>): void {
  lab.forget();
  lab.writeWorld({ note: "a test", salt: randomBytes(16).toString("hex"), faults: [fault], resources: {} });
}

async function expectRecovery(): Promise<void> {
  ok(await lab.estate("up"));
  expect(shape(lab.inventory())).toEqual(shape(undisturbed));
  ok(await lab.estate("refresh"));
}

beforeAll(async () => {
  ok(await lab.estate("up"));
  undisturbed = lab.inventory();
  expect(undisturbed.length).toBeGreaterThan(50);
});

test("a provider that refuses in the middle: the run fails with its words, the next one completes it", async () => {
  startWith({ operation: "create", type: vmType, at: 2, fault: "fail", message: "scripted: storage is full" });
  const run = await lab.estate("up");
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("scripted: storage is full");
  expect(lab.inventory().length).toBeLessThan(undisturbed.length);
  await expectRecovery();
});

test("a provider that crashes in the middle", async () => {
  startWith({ operation: "create", type: "kubernetes:*", at: 5, fault: "crash" });
  expect((await lab.estate("up")).code).not.toBe(0);
  await expectRecovery();
});

test("kill -9 of the engine in the middle", async () => {
  // Everything that does not wait for this VM is done long before the engine is killed.
  startWith({ operation: "create", type: vmType, name: "node1-vm", fault: "slow", seconds: 60 });
  const command = lab.start("up");
  const end = finished(command);
  const engine = await engineOf(lab.root);
  process.kill(engine, "SIGKILL");
  expect((await end).code).not.toBe(0);
  expect(Object.keys(lab.world()?.resources[vmType] ?? {})).not.toContain("111");
  await expectRecovery();
});

/** The engine's pid, once the struck VM is the only thing it waits for. */
async function engineOf(root: string): Promise<number> {
  for (let settled = 0, last = -1; settled < 8;) {
    await sleep(500);
    const struck = lab.world()?.faults.some((fault) => fault["done"] === true) ?? false;
    const count = lab.inventory().length;
    settled = struck && count === last ? settled + 1 : 0;
    last = count;
  }
  const { output } = await lab.shell(`pgrep -f -- '^\\S*/pulumi up .*${root}' | head -n 1`);
  const pid = Number(output.trim());
  if (!(pid > 1)) throw new Error(`found no engine: ${output}`);
  return pid;
}
