import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Declared, type Machine, makeMachine } from "./machine";
import { program } from "./tools";

let machine: Machine;

jest.setTimeout(120_000);

beforeAll(async () => {
  machine = await makeMachine(await program("headscale"));
});
afterAll(() => machine.remove());

/** A setup that worked; what apt and Headscale print is theirs. */
async function fine(declared?: Declared): Promise<void> {
  const { code, stderr } = await machine.setUp(declared);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}
const record = { name: "grafana.hub.example", type: "A", value: "100.64.0.9" } as const;

test.each(["offline\n", ""])("without systemd (%j) nothing is touched", async (systemd) => {
  machine.write("systemd", systemd);
  const { code, stderr } = await machine.setUp();
  const state = systemd.trim() === "" ? "no answer" : systemd.trim();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `systemd does not run here (${state}): a hub needs Debian 12, Ubuntu 22.04 or newer\n`,
  });
  expect(readdirSync(join(machine.root, "usr/local/sbin"))).toEqual([]);
  machine.write("systemd", "running\n");
  machine.asked();
});

test("a package with another checksum than the pinned one is not installed", async () => {
  const served = createHash("sha256").update("a package\n").digest("hex");
  const { code, stderr } = await machine.setUp({ architecture: "amd64" });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      `headscale-install: headscale_0.29.3_linux_amd64.deb has the checksum ${served} instead of ` +
      "14eccf8d41fd93927ad3fe1fd9e49dbe14d5668a244c4205d940967c442aea0d; it was not installed\n",
  });
  expect(machine.asked()).toEqual(["systemctl is-system-running", "groupadd --system headscale"]);
});

test("a processor that is not the declared one is refused before anything is downloaded", async () => {
  const { code, stderr } = await machine.setUp({}, (script) =>
    script.replace("architecture=arm64", "architecture=amd64"),
  );
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: "headscale-install: this machine is arm64, the hub is declared as amd64; correct the declaration\n",
  });
  machine.asked();
});

test("the first setup installs the package, verified by the release's checksums, and starts the server", async () => {
  await fine();
  expect(machine.asked()).toEqual([
    "systemctl is-system-running",
    "groupadd --system headscale",
    "apt-get install --yes -o Dpkg::Options::=--force-confold FOLDER/headscale_0.29.3_linux_arm64.deb",
    "systemctl daemon-reload",
    "systemctl enable --now headscale headscale-backup.timer",
  ]);
});

test("the same setup again changes nothing", async () => {
  const before = machine.pid();
  await fine();
  expect(machine.asked()).toEqual([
    "systemctl is-system-running",
    "groupadd --system headscale",
    "systemctl daemon-reload",
    "systemctl enable --now headscale headscale-backup.timer",
  ]);
  expect(machine.pid()).toBe(before);
});

test("an extra record needs no restart, a changed configuration does", async () => {
  const before = machine.pid();
  machine.asked();
  await fine({ extraRecords: [record] });
  expect(machine.read("etc/headscale/extra-records.json")).toContain("grafana.hub.example");
  expect(machine.pid()).toBe(before);
  await fine({ extraRecords: [record], searchDomains: ["corp.example"] });
  expect(machine.pid()).not.toBe(before);
  expect(machine.asked().slice(-2)).toEqual([
    "runuser -u headscale -- headscale configtest",
    "systemctl restart headscale",
  ]);
});

test("a configuration that the server refuses is taken back, and the server runs on", async () => {
  const [pid, config] = [machine.pid(), machine.read("etc/headscale/config.yaml")];
  const { code, stderr } = await machine.setUp({}, (script) =>
    script.replace("allocation: sequential", "allocation: odd"),
  );
  expect(code).toBe(1);
  expect(stderr).toContain(
    "Headscale refuses the configuration (above); the server was not restarted\nThe configuration before is back in place\n",
  );
  expect([machine.pid(), machine.read("etc/headscale/config.yaml")]).toEqual([pid, config]);
});

test("a restart that a failure prevented is made up for", async () => {
  const pid = machine.pid();
  machine.write("installed", "0.27.1");
  const failed = await machine.setUp({ searchDomains: ["late.example"] });
  expect({ code: failed.code, stderr: failed.stderr }).toEqual({
    code: 1,
    stderr:
      "headscale-install: Headscale 0.27.1 cannot become 0.29.3: only the next minor version, or a later patch of its " +
      "own, can\n",
  });
  expect(machine.pid()).toBe(pid);
  machine.write("installed", "0.29.3");
  await fine({ searchDomains: ["late.example"] });
  expect(machine.pid()).not.toBe(pid);
  machine.asked();
});

test("an upgrade backs up first; a downgrade is refused", async () => {
  machine.write("installed", "0.29.1");
  await fine({ searchDomains: ["late.example"] });
  expect(machine.asked().filter((line) => line.startsWith("apt-get"))).toHaveLength(1);
  expect(readdirSync(join(machine.root, "var/backups/headscale"))).toEqual([
    expect.stringMatching(/^headscale-.*Z\.tar\.gz$/),
  ]);
  machine.write("installed", "0.29.4");
  const { code, stderr } = await machine.setUp();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "headscale-install: Headscale 0.29.4 cannot become 0.29.3: only the next minor version, or a later patch of its " +
      "own, can\n",
  });
});

// Cannot prove: apt, dpkg and systemd themselves (stand-ins answer for them), and that the real package has that
// checksum.
