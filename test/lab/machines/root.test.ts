import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { readCloudInit, roleOf } from "../../../lab/machines/cloudInit";
import { Machines } from "../../../lab/machines";
import { moveTo, writeBin, writeRoot } from "../../../lab/machines/root";
import { runOn } from "../../../lab/machines/run";

const directory = mkdtempSync(join(tmpdir(), "estate-machines-"));
const machines = new Machines(directory);
const place = machines.place("docker");
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const cloudInit = (files: readonly { path: string; content: string; permissions?: string }[]) =>
  readCloudInit(`#cloud-config\n${stringify({ write_files: files, runcmd: [["true"], "true"] })}`);

describe("cloud-init, as far as a lab machine goes by it", () => {
  test("a text that is none is refused", () => {
    expect(() => readCloudInit("#!/bin/sh\n")).toThrow("The user data is no #cloud-config");
  });

  test.each([
    ["a hub, by its configuration", "/etc/headscale/config.yaml", "hub"],
    ["a client, by its join script", "/usr/local/sbin/tailnet-join", "client"],
    ["neither", "/etc/motd", undefined],
  ])("%s", (_, path, role) => {
    expect(roleOf(cloudInit([{ path, content: "x" }]))).toBe(role);
  });
});

describe("the files of a machine", () => {
  const files = cloudInit([
    { path: "/run/join/key", content: "k", permissions: "0600" },
    { path: "/run/join/key.old", content: "o" },
    {
      path: "/usr/sbin/join",
      content: "cat /run/join/key /run/join/key.old /run/join/key.new /etc/hosts",
      permissions: "0700",
    },
  ]);
  writeRoot(place, files);
  const file = (path: string) => join(place.root, path);

  test("are under its own root, with their permissions", () => {
    expect(readFileSync(file("/run/join/key"), "utf8")).toBe("k");
    expect(statSync(file("/run/join/key")).mode & 0o777).toBe(0o600);
    expect(statSync(file("/usr/sbin/join")).mode & 0o777).toBe(0o700);
  });

  test("name one another there, and leave every other path as it is", () => {
    const moved = `cat ${file("/run/join/key")} ${file("/run/join/key.old")} /run/join/key.new /etc/hosts`;
    expect(readFileSync(file("/usr/sbin/join"), "utf8")).toBe(moved);
    expect(moveTo(place, files)("/run/join/key")).toBe(file("/run/join/key"));
  });
});

describe("what runs on a machine", () => {
  writeBin(place, { real: ["echo", "it's real"] });

  test("finds stand-ins for what a lab machine has not, and the programs it runs", async () => {
    const { stdout, stderr } = await runOn(place, "sudo -n real --flag && apt-get install nothing");
    expect(stdout).toBe("it's real --flag");
    expect(stderr).toBe("lab: apt-get install nothing (not done: a lab machine has none)");
  });

  test("reads its input, and says how it failed", async () => {
    expect((await runOn(place, "sh -s", "echo from stdin")).stdout).toBe("from stdin");
    await expect(runOn(place, "echo why >&2; exit 3")).rejects.toThrow("Process exited with status 3: why");
  });

  test("sees nothing of the environment that started the lab but PATH", async () => {
    process.env["ESTATE_TEST_VARIABLE"] = "outside";
    const { stdout } = await runOn(place, 'echo "${ESTATE_TEST_VARIABLE:-nothing} $HOME"');
    delete process.env["ESTATE_TEST_VARIABLE"];
    expect(stdout).toBe(`nothing ${place.root}`);
  });
});

describe("the shelf of machines", () => {
  test("keeps a record of each until it is forgotten", () => {
    machines.note({ name: "docker", address: "192.168.50.100", runs: "client" });
    machines.note({ name: "a-hub", address: "192.168.50.102", runs: "hub" });
    expect(machines.all().map(({ name }) => name)).toEqual(["a-hub", "docker"]);
    machines.forget("a-hub");
    expect(machines.find("a-hub")).toBeUndefined();
    expect(machines.find("docker")).toEqual({ name: "docker", address: "192.168.50.100", runs: "client" });
  });
});
