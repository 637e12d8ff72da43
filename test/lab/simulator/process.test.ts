import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { CreateRequest, CreateResponse } from "@pulumi/pulumi/proto/provider_pb";

import { parseArguments } from "../../../lab/simulator/arguments";
import { toStruct } from "../../../lab/simulator/marshal";
import { World } from "../../../lab/world";
import { urnOf } from "./conversation";

const root = resolve(__dirname, "../../..");
const main = join(root, "lab", "simulator", "main.ts");
const urn = urnOf("proxmoxve:backup/job:Job", "nightly");

let folder: string;
let started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "simulator-"));
});

afterEach(() => {
  started.forEach((child) => child.kill("SIGKILL"));
  started = [];
  rmSync(folder, { recursive: true });
});

/** The plugin as the engine starts it: a pipe on stdin, its port on stdout. */
async function start(): Promise<{ child: ChildProcess; port: string; ended: Promise<number | string | null> }> {
  const args = ["--package", "proxmoxve", "--version", "8.5.0", "--world", join(folder, "world.json")];
  const child = spawn(process.execPath, ["--require", "tsx/cjs", main, ...args], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
  });
  started.push(child);
  const ended = new Promise<number | string | null>((done) =>
    child.once("exit", (code, signal) => {
      done(signal ?? code);
    }),
  );
  const port = await new Promise<string>((done, fail) => {
    child.stdout.once("data", (data: Buffer) => {
      done(data.toString());
    });
    child.once("exit", () => {
      fail(new Error("ended before it printed a port"));
    });
  });
  return { child, port: port.trim(), ended };
}

function create(port: string): Promise<CreateResponse> {
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const ask = new CreateRequest().setUrn(urn).setProperties(toStruct({ resourceId: "nightly" }));
  return new Promise((done, fail) => {
    client.create(ask, (error, response) => {
      client.close();
      if (error) fail(error);
      else done(response);
    });
  });
}

test("serves on the port it prints and ends with the engine's end of stdin", async () => {
  const { child, port, ended } = await start();
  expect(port).toMatch(/^\d+$/);
  expect((await create(port)).getId()).toBe("nightly");
  child.stdin?.end();
  expect(await ended).toBe(0);
}, 30_000);

test("ends at once when the engine interrupts it, as the engine waits for that", async () => {
  const { child, port, ended } = await start();
  await create(port);
  const asked = Date.now();
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(Date.now() - asked).toBeLessThan(1500);
}, 30_000);

test("crash-after ends the process without a word, and the next one takes up what it had made", async () => {
  const world = new World(join(folder, "world.json"));
  await world.update((data) => data.faults.push({ operation: "create", fault: "crash-after" }));
  const first = await start();
  await expect(create(first.port)).rejects.toThrow();
  expect(await first.ended).toBe("SIGKILL");
  expect(Object.keys(world.read().resources)).toEqual(["proxmoxve:backup/job:Job"]);
  const second = await start();
  expect((await create(second.port)).getId()).toBe("nightly");
}, 30_000);

describe("the command line", () => {
  test("takes the engine's address from among the engine's own flags", () => {
    const words = [
      "--package",
      "random",
      "--version",
      "4.21.2",
      "--world",
      "w.json",
      "--logtostderr",
      "-v=9",
      "--tracing",
      "x",
      "127.0.0.1:9",
    ];
    expect(parseArguments(words)).toEqual({
      packageName: "random",
      version: "4.21.2",
      world: "w.json",
      machines: "",
      engine: "127.0.0.1:9",
    });
  });

  test("says what is missing", () => {
    expect(() => parseArguments(["--package", "random", "127.0.0.1:9"])).toThrow(
      new Error(
        "--version, --world missing; usage: main.ts --package NAME --version VERSION --world PATH [--machines PATH] [engine address]",
      ),
    );
  });
});
