import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import {
  derive,
  getObject,
  isSecretMarker,
  objectsOf,
  putObject,
  removeObject,
  secretMarker,
  World,
  WorldError,
} from "../../../lab/world";

const root = resolve(__dirname, "../../..");
let folder: string;
let path: string;
let world: World;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "world-")), "dev");
  mkdirSync(folder);
  path = join(folder, "world.json");
  world = new World(path);
});

afterEach(() => {
  rmSync(resolve(folder, ".."), { recursive: true });
});

test("begins empty, with a note and a salt of its own, for the owner's eyes", () => {
  const { note, salt, ...rest } = world.read();
  expect(note).toBe("Simulated world of stack dev. Nothing in it exists. Edit it by hand to play drift.");
  expect(salt).toMatch(/^[0-9a-f]{32}$/);
  expect(rest).toEqual({ faults: [], resources: {} });
  expect(new World(path).read().salt).toBe(salt);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("is written sorted and pretty, and leaves nothing else behind", async () => {
  await world.update((data) => {
    putObject(data, "b:T", "2", { z: 1, a: { d: [{ y: 1, b: 2 }], c: null } });
    putObject(data, "a:T", "1", {});
  });
  const text = readFileSync(path, "utf8");
  const { salt } = world.read();
  expect(text).toBe(`{
  "note": "Simulated world of stack dev. Nothing in it exists. Edit it by hand to play drift.",
  "salt": "${salt}",
  "faults": [],
  "resources": {
    "a:T": {
      "1": {}
    },
    "b:T": {
      "2": {
        "a": {
          "c": null,
          "d": [
            {
              "b": 2,
              "y": 1
            }
          ]
        },
        "z": 1
      }
    }
  }
}
`);
  expect(readdirSync(folder)).toEqual(["world.json"]);
});

test("keeps nothing of a change that throws, and goes on", async () => {
  const failing = world.update((data) => {
    putObject(data, "a:T", "1", {});
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow(new Error("no"));
  expect(await world.update((data) => Object.keys(data.resources))).toEqual([]);
});

test("gives what is read away: changing it changes nothing", () => {
  putObject(world.read(), "a:T", "1", {});
  expect(world.read().resources).toEqual({});
});

test("objects: found, replaced, removed with the last of their type", () => {
  const data = world.read();
  putObject(data, "a:T", "1", { a: 1 });
  putObject(data, "a:T", "1", { a: 2 });
  expect([getObject(data, "a:T", "1"), getObject(data, "a:T", "constructor"), objectsOf(data, "toString")]).toEqual([
    { a: 2 },
    undefined,
    {},
  ]);
  removeObject(data, "a:T", "2");
  expect(Object.keys(data.resources)).toEqual(["a:T"]);
  removeObject(data, "a:T", "1");
  expect(data.resources).toEqual({});
});

test.each<[string, string, string[]]>([
  ["no object", "[]", ["it must be an object with note, salt, faults and resources"]],
  [
    "an unknown part",
    '{ "salt": "s", "resource": {} }',
    ["resource: unknown; allowed are note, salt, faults, resources"],
  ],
  [
    "no salt, and more",
    '{ "note": 1, "faults": {}, "resources": [] }',
    [
      "note: must be a text",
      "salt: must be a text that is not empty",
      "faults: must be a list",
      "resources: must be an object of type token -> id -> properties",
    ],
  ],
  [
    "wrong resources",
    '{ "salt": "s", "resources": { "a:T": [], "b:T": { "1": "x" } } }',
    [
      'resources["a:T"]: must be an object of id -> properties',
      'resources["b:T"]["1"]: must be an object of properties',
    ],
  ],
  [
    "wrong faults",
    '{ "salt": "s", "faults": [1, {}, { "fault": "explode", "at": 0, "when": 1 }, { "fault": "slow", "seconds": -1, "operation": "eat", "done": "yes" }] }',
    [
      "faults[0]: must be an object",
      "faults[1].fault: missing; it must be one of fail, timeout, crash, crash-after, slow",
      'faults[2].fault: "explode" must be one of fail, timeout, crash, crash-after, slow',
      "faults[2].at: 0 must be a whole number from 1",
      "faults[2].when: unknown; allowed are operation, type, name, at, fault, seconds, message, seen, done",
      "faults[3].seconds: -1 must be a number from 0",
      'faults[3].operation: "eat" must be one of configure, check, diff, create, read, update, delete, invoke, *',
      'faults[3].done: "yes" must be true or false',
    ],
  ],
])("a file that is no world is one error and stays as it is: %s", async (_, text, problems) => {
  writeFileSync(path, text);
  const expected = new WorldError(
    `The simulated world ${path} cannot be used:\n${problems.map((problem) => `  - ${problem}\n`).join("")}` +
      "Correct the file by hand, or remove it to start from an empty world. Nothing has been written to it.",
  );
  expect(() => world.read()).toThrow(expected);
  await expect(world.update(() => undefined)).rejects.toThrow(expected);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("text that is not JSON is named as such", () => {
  writeFileSync(path, "{");
  expect(() => world.read()).toThrow(/cannot be used:\n {2}- it is not JSON: .+\nCorrect the file by hand/);
});

test("a folder that is not there is no empty world", () => {
  const lost = new World(join(folder, "elsewhere", "world.json"));
  expect(() => lost.read()).toThrow(
    new WorldError(`The simulated world ${lost.path} has no folder. Start the lab with \`make up\`, which creates it.`),
  );
});

/** Another process that adds objects to the world. */
function process2(script: string): { ended: Promise<number | null>; kill(): void; said: Promise<void> } {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "--eval", script, path], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((done) =>
    child.once("exit", (code) => {
      done(code);
    }),
  );
  const said = new Promise<void>((done) =>
    child.stdout.once("data", () => {
      done();
    }),
  );
  return { ended, said, kill: () => child.kill("SIGKILL") };
}

const adding = (who: string, count: number) => `
  const { World, putObject } = require("./lab/world");
  const world = new World(process.argv[1]);
  void Promise.all(Array.from({ length: ${count} }, (_, i) =>
    world.update((data) => putObject(data, "a:T", "${who}" + i, { i }))));`;

test("processes that change it at once lose nothing", async () => {
  const others = [process2(adding("first", 40)), process2(adding("second", 40))];
  for (let i = 0; i < 40; i++)
    await world.update((data) => {
      putObject(data, "a:T", `here${i}`, { i });
    });
  expect(await Promise.all(others.map((other) => other.ended))).toEqual([0, 0]);
  expect(Object.keys(objectsOf(world.read(), "a:T"))).toHaveLength(120);
  expect(readdirSync(folder)).toEqual(["world.json"]);
}, 60_000);

test("a process killed while it held the lock is got over within seconds", async () => {
  const holder = process2(`
    const { World } = require("./lab/world");
    void new World(process.argv[1]).update(() => {
      process.stdout.write("held");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`);
  await holder.said;
  holder.kill();
  await holder.ended;
  const since = Date.now();
  await world.update((data) => {
    putObject(data, "a:T", "1", {});
  });
  expect(Date.now() - since).toBeLessThan(8000);
  expect(Object.keys(world.read().resources)).toEqual(["a:T"]);
}, 30_000);

test("secret markers tell equal from different, and worlds apart", () => {
  const marker = secretMarker("salt", { b: 1, a: "x" });
  expect(marker).toBe(secretMarker("salt", { a: "x", b: 1 }));
  expect(marker).not.toBe(secretMarker("salt", { a: "x", b: 2 }));
  expect(marker).not.toBe(secretMarker("other", { a: "x", b: 1 }));
  expect([marker, "secret:hmac-sha256:x", 5].map(isSecretMarker)).toEqual([true, false, false]);
});

test("derived values repeat, and keep their parts apart", () => {
  expect(derive("salt", "a", "b")).toMatch(/^[0-9a-f]{64}$/);
  expect(derive("salt", "a", "b")).toBe(derive("salt", "a", "b"));
  expect(new Set([derive("salt", "ab", "c"), derive("salt", "a", "bc"), derive("other", "ab", "c")]).size).toBe(3);
});
