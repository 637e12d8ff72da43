import type { Fault } from "../../../lab/world";
import { Conversation, urnOf } from "./conversation";

const type = "proxmoxve:backup/job:Job";
const urn = urnOf(type, "nightly");
const inputs = { resourceId: "nightly", schedule: "02:00" };

let engine: Conversation;

beforeEach(async () => {
  engine = new Conversation("proxmoxve");
  await engine.start();
});

afterEach(() => {
  engine.stop();
});

async function script(...faults: Fault[]): Promise<void> {
  await engine.world.update((data) => {
    data.faults = faults;
  });
}

const there = () => Object.keys(engine.world.read().resources).length === 1;

test("fail: nothing is done, the next try works", async () => {
  await script({ operation: "create", type: "*:Job", name: "night*", fault: "fail" });
  await expect(engine.create(urn, inputs)).rejects.toThrow(
    new Error(`scripted fault: create of ${type} nightly failed`),
  );
  expect(there()).toBe(false);
  await engine.create(urn, inputs);
  expect(there()).toBe(true);
});

test("fail in the words of the script", async () => {
  await script({ fault: "fail", message: "quota exceeded" });
  await expect(engine.read(urn, "nightly")).rejects.toThrow(new Error("quota exceeded"));
});

test("timeout: waits, then refuses", async () => {
  await script({ operation: "create", fault: "timeout", seconds: 30 });
  await expect(engine.create(urn, inputs)).rejects.toThrow(
    new Error(`scripted fault: create of ${type} nightly timed out after 30 s`),
  );
  expect([engine.stage.waited, there()]).toEqual([[30], false]);
});

test("slow: waits, then does it", async () => {
  await script({ operation: "create", fault: "slow" });
  await engine.create(urn, inputs);
  expect([engine.stage.waited, there()]).toEqual([[2], true]);
});

test("crash: before the work; crash-after: after it", async () => {
  await script({ operation: "create", fault: "crash" }, { operation: "create", fault: "crash-after", at: 2 });
  await expect(engine.create(urn, inputs)).rejects.toThrow(new Error("the process is gone"));
  expect(there()).toBe(false);
  await expect(engine.create(urn, inputs)).rejects.toThrow(new Error("the process is gone"));
  expect(there()).toBe(true);
});

test("a preview strikes nothing", async () => {
  await script({ operation: "create", fault: "fail" });
  await engine.create(urn, inputs, true);
  expect(engine.world.read().faults).toEqual([{ operation: "create", fault: "fail" }]);
});
