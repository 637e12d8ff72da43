import { fits, pins, readVersion } from "../../lab/tools/pins";

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

test("every pin is built as the version it names", () => {
  for (const pin of Object.values(pins)) expect(pin.ldflags).toMatch(new RegExp(`=v?${pin.version}$`));
});
