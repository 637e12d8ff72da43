import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commands } from "../../operations/commands";

/** The command as make calls it, in a process of its own, with a home where nobody is logged in to anything. */
const root = join(__dirname, "..", "..");
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "home-"));
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

function estate(...args: string[]) {
  // No Go, no download: a command that should refuse and does not would otherwise build the engine, for minutes.
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: home, ESTATE_OFFLINE: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "operations/estate.ts", ...args], {
    cwd: root,
    env,
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

test("make's targets are the commands, and help lists them all", () => {
  const makefile = readFileSync(join(root, "Makefile"), "utf8");
  const targets = /^commands := (.*)$/m.exec(makefile)?.[1]?.split(" ");
  expect(targets?.toSorted()).toEqual(commands.map(({ name }) => name).toSorted());
  const { status, stdout } = estate("help");
  expect(status).toBe(0);
  for (const { name, summary } of commands) expect(stdout).toContain(`${name.padEnd(12)}  ${summary}\n`);
});

test.each(["up", "preview", "refresh", "down"])(
  "%s of a real stack refuses while things are missing, and makes nothing",
  (command) => {
    const { status, stdout, stderr } = estate(command, "--stack", "prod");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^Stack prod is for the real world \(LAB=none\), and \d+ of the things it needs are missing:\n/,
    );
    expect(stderr).toContain("\nNothing was touched.");
  },
);

test("a wrong call ends with code 2 and one line", () => {
  expect(estate("fly")).toEqual({
    status: 2,
    stdout: "",
    stderr:
      'There is no command "fly". Commands: help, up, preview, refresh, upgrade-plan, reach, down, env, lab-status, tools, docs, check, test, test-lab\n',
  });
});

test("lab-status says what is simulated and what is not", () => {
  const { status, stdout } = estate("lab-status");
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^ {2}proxmoxve 8\.5\.0 +SIMULATED +the real plugin, built from tools\/ +the official plugin$/m,
  );
  expect(stdout).toMatch(
    /^ {2}kubernetes 4\.25\.0 +SIMULATED +the real plugin, built from tools\/ +the official plugin$/m,
  );
  expect(stdout).toMatch(/^ {2}cloudflare 6\.22\.1 +SIMULATED +SIMULATED +the official plugin$/m);
  expect(stdout).toMatch(/^ {2}engine \(Pulumi CLI\) +real +real +real$/m);
  expect(stdout).toMatch(/^ {2}tailnet hub +none +a real headscale 0\.29\.1, on loopback +yours$/m);
});
