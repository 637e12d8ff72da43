import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machines } from "../../../lab/machines";
import { writeBin, writeRoot } from "../../../lab/machines/root";
import { realCommands } from "../../../lab/simulator/realCommands";
import type { Subject } from "../../../lab/simulator/model";
import { type PropertyMap, reveal, Secret } from "../../../lab/simulator/values";

const directory = mkdtempSync(join(tmpdir(), "estate-reality-"));
const machines = new Machines(directory);
const reality = realCommands(machines);
afterAll(() => {
  rmSync(directory, { recursive: true });
});

machines.note({ name: "field", address: "", runs: "client" });
machines.note({ name: "hub", address: "192.168.50.102", runs: "hub" });
writeRoot(machines.place("hub"), { write_files: [] });
writeBin(machines.place("hub"), { headscale: ["echo", "hub:"] });

function command(inputs: PropertyMap, host = "192.168.50.102"): Subject {
  const type = "command:remote:Command";
  return {
    type,
    urn: "urn",
    name: "name",
    inputs: { connection: { host }, ...inputs },
    config: {},
    seed: "",
    salt: "",
  };
}

describe("a command over SSH, to a machine of the full lab", () => {
  test("truly runs, with its input and its environment, and what it prints is secret", async () => {
    const made = await reality(
      "create",
      command({ create: "sh -s", stdin: 'sudo headscale "$WHAT"', environment: { WHAT: "apikeys" } }),
    );
    expect(made["stdout"]).toBeInstanceOf(Secret);
    expect(Object.values(made).map(reveal)).toEqual(["hub: apikeys", ""]);
  });

  test("runs `create` again for an update without a command of its own, and nothing for such a delete", async () => {
    const inputs = { create: "headscale create" };
    expect(reveal((await reality("update", command(inputs)))["stdout"] ?? null)).toBe("hub: create");
    const own = await reality("update", command({ ...inputs, update: "headscale update" }));
    expect(reveal(own["stdout"] ?? null)).toBe("hub: update");
    expect(await reality("delete", command(inputs))).toEqual({});
  });

  test("fails with what it said", async () => {
    const failing = command({ create: "echo no such key >&2; exit 1" });
    await expect(reality("create", failing)).rejects.toThrow("Process exited with status 1: no such key");
  });

  test("is not run when it would touch this computer", async () => {
    const marker = join(directory, "outside");
    expect(await reality("create", command({ create: "sh -s", stdin: `touch ${marker}` }))).toEqual({});
    expect(await reality("create", command({ create: `touch ${marker}` }))).toEqual({});
  });

  test("is not run where no machine is", async () => {
    expect(await reality("create", command({ create: "headscale" }, "192.168.50.2"))).toEqual({});
    expect(await reality("create", command({ create: "headscale" }, ""))).toEqual({});
  });
});
