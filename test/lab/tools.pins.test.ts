import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fits, moduleOf, pins, readVersion, type ToolPin } from "../../lab/tools/pins";

const root = join(__dirname, "..", "..");

describe("readVersion", () => {
  test.each([
    ["v3.250.0\n", "3.250.0"],
    ["v3.19.4+gabc1234", "3.19.4"],
    ["1.7.7\ninstalled by building from source\nbuilt with go1.26.8", "1.7.7"],
    ["warning: something\nv3.250.0", "3.250.0"],
    ["no version at all", undefined],
  ])("%j", (output, expected) => {
    expect(readVersion(output)).toBe(expected);
  });
});

describe("fits: the same major version, and not older than the pin", () => {
  test.each([
    ["3.250.0", true],
    ["3.250.1", true],
    ["3.251.0", true],
    ["3.249.9", false],
    ["2.999.0", false],
    ["4.0.0", false],
  ])("%s for 3.250.0: %s", (version, expected) => {
    expect(fits(version, "3.250.0")).toBe(expected);
  });
});

test.each([
  ["0.29.1", true],
  ["0.29.3", true],
  ["0.29.0", false],
  ["0.30.0", false],
  ["1.29.1", false],
])("%s for 0.29.1: %s, because below 1.0 every minor version may break", (version, expected) => {
  expect(fits(version, "0.29.1")).toBe(expected);
});

// Programs of the project's own have their version in their source.
const others = Object.values<ToolPin>(pins).filter((pin) => pin.package !== ".");

test.each(others.map((pin): [string, ToolPin] => [pin.name, pin]))(
  "%s is pinned in its module at the version it names, and built to say so",
  (_, pin) => {
    const required = readFileSync(join(moduleOf(root, pin), "go.mod"), "utf8")
      .split("\n")
      .map((line) =>
        line
          .replace(/^require /, "")
          .trim()
          .split(" "),
      )
      .find(([path = "", version]) => version !== undefined && `${pin.package}/`.startsWith(`${path}/`));
    expect(required?.[1]).toBe(`v${pin.version}`);
    // Headscale takes its version from Go's build information, talosctl and etcd from files, all of their modules.
    if (!["headscale", "talosctl", "etcd"].includes(pin.name))
      expect(pin.ldflags).toMatch(new RegExp(`=v?${pin.version}$`));
  },
);
