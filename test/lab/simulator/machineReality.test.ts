import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machines } from "../../../lab/machines";
import { writeBin, writeRoot } from "../../../lab/machines/root";
import { MachineReality } from "../../../lab/simulator/machineReality";
import type { Placed } from "../../../lab/simulator/model";
import { type PropertyMap, reveal, Secret } from "../../../lab/simulator/values";

const directory = mkdtempSync(join(tmpdir(), "estate-reality-"));
const machines = new Machines(directory);
const reality = new MachineReality(machines);
afterAll(() => {
  rmSync(directory, { recursive: true });
});

machines.note({ name: "field", address: "", runs: "client" });
machines.note({ name: "hub", address: "192.168.50.102", runs: "hub" });
writeRoot(machines.place("hub"), { write_files: [] });
writeBin(machines.place("hub"), { headscale: ["echo", "hub:"] });

function subject(type: string, inputs: PropertyMap, id = "id"): Placed {
  return { type, urn: "urn", name: "name", inputs, config: {}, seed: "", salt: "", id };
}

function command(inputs: PropertyMap, host = "192.168.50.102"): Placed {
  return subject("command:remote:Command", { connection: { host }, ...inputs });
}

describe("a command over SSH, to a machine of the full lab", () => {
  test("truly runs, with its input and its environment, and what it prints is secret", async () => {
    const made = await reality.before(
      "create",
      command({ create: "sh -s", stdin: 'sudo headscale "$WHAT"', environment: { WHAT: "apikeys" } }),
    );
    expect(made["stdout"]).toBeInstanceOf(Secret);
    expect(Object.values(made).map(reveal)).toEqual(["hub: apikeys", ""]);
  });

  test("runs `create` again for an update without a command of its own, and nothing for such a delete", async () => {
    const inputs = { create: "headscale create" };
    expect(reveal((await reality.before("update", command(inputs)))["stdout"] ?? null)).toBe("hub: create");
    const own = await reality.before("update", command({ ...inputs, update: "headscale update" }));
    expect(reveal(own["stdout"] ?? null)).toBe("hub: update");
    expect(await reality.before("delete", command(inputs))).toEqual({});
  });

  test("fails with what it said", async () => {
    const failing = command({ create: "echo no such key >&2; exit 1" });
    await expect(reality.before("create", failing)).rejects.toThrow("Process exited with status 1: no such key");
  });

  test("is not run when it would touch this computer", async () => {
    const marker = join(directory, "outside");
    expect(await reality.before("create", command({ create: "sh -s", stdin: `touch ${marker}` }))).toEqual({});
    expect(await reality.before("create", command({ create: `touch ${marker}` }))).toEqual({});
  });

  test("is not run where no machine is", async () => {
    expect(await reality.before("create", command({ create: "headscale" }, "192.168.50.2"))).toEqual({});
    expect(await reality.before("create", command({ create: "headscale" }, ""))).toEqual({});
  });
});

describe("user data", () => {
  const file = (data: string) =>
    subject(
      "proxmoxve:index/fileLegacy:FileLegacy",
      { nodeName: "pve", sourceRaw: { data, fileName: "docker.yaml" } },
      "local:snippets/docker.yaml",
    );

  test("is kept as Proxmox keeps it, until it is deleted", async () => {
    await reality.after("create", file("#cloud-config\n"));
    expect(machines.snippet("pve/local:snippets/docker.yaml")).toBe("#cloud-config\n");
    await reality.after("delete", file(""));
    expect(machines.snippet("pve/local:snippets/docker.yaml")).toBeUndefined();
  });

  test("that asks for no hub and no client makes a VM that runs nothing", async () => {
    await reality.after("create", file("#cloud-config\nwrite_files: []\n"));
    const initialization = { userDataFileId: "local:snippets/docker.yaml" };
    const vm = subject("proxmoxve:index/vmLegacy:VmLegacy", { nodeName: "pve", name: "docker", initialization });
    await reality.after("create", vm);
    expect(machines.find("docker")).toBeUndefined();
  });
});
