import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { authKey, bundleOf, machines } from "./fixture";

const systems = ["linux", "macos", "openwrt", "windows"] as const;
const pinned = (os: string): string =>
  readFileSync(join(__dirname, "pinned", os === "windows" ? `${os}.ps1` : `${os}.sh`), "utf8");

// After a change on purpose: write the received text into the file, and read it as the person who runs it.
test.each(systems)("the whole bundle for %s is the one that was read", (os) => {
  expect(bundleOf(os).replaceAll("\r\n", "\n").replaceAll(authKey, "KEY")).toBe(pinned(os));
});

test.each(systems)("the key is once in the bundle for %s, on no line that runs a program", (os) => {
  const holders = bundleOf(os)
    .split(/\r?\n/)
    .filter((line) => line.includes(authKey));
  expect(holders).toEqual([os === "windows" ? `    [IO.File]::WriteAllText($key, '${authKey}')` : authKey]);
});

test.each(["linux", "macos", "openwrt"] as const)("a shell can read the bundle for %s", (os) => {
  expect(() => execFileSync("sh", ["-n"], { input: bundleOf(os), stdio: ["pipe", "pipe", "pipe"] })).not.toThrow();
});

test("Windows' line ends are Windows' own, and no other system gets them", () => {
  expect(
    bundleOf("windows")
      .split("\n")
      .slice(0, -1)
      .every((line) => line.endsWith("\r")),
  ).toBe(true);
  for (const os of ["linux", "macos", "openwrt"] as const) expect(bundleOf(os)).not.toContain("\r");
});

test.each(systems)("a machine that serves nothing and runs nothing only joins: %s", (os) => {
  const text = bundleOf(os, { serves: {}, runs: {}, advertises: [] });
  for (const word of [
    "ollama",
    "rustdesk",
    "estate-",
    "LaunchDaemons/estate.",
    "sysctl",
    "forwarding",
    "NetFirewallRule",
  ])
    expect(text).not.toContain(word);
  expect(text).toContain(`tailscale${os === "windows" ? " up @(" : " up --login-server="}`);
});

test("a router's zone lets in what the router serves, and nothing when it serves nothing", () => {
  expect(bundleOf("openwrt")).toContain("uci set firewall.tailscale.input=REJECT\n");
  expect(bundleOf("openwrt", { serves: machines.linux.serves })).toContain("uci set firewall.tailscale.input=ACCEPT\n");
});

// Cannot prove: that PowerShell, launchd and a real OpenWrt take them, and that the vendors' addresses answer.
