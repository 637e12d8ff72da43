import { parseDuration } from "../../../../components/tailnet/policy/duration";
import { parseAddress, parseNetwork, without } from "../../../../components/tailnet/policy/ip";
import { parsePorts } from "../../../../components/tailnet/policy/ports";

describe("addresses, as Go reads them", () => {
  it.each([
    ["0.0.0.0", 0n],
    ["100.64.0.1", 1681915905n],
    ["255.255.255.255", 4294967295n],
    ["::", 0n],
    ["::1", 1n],
    ["1::", 1n << 112n],
    ["fd7a:115c:a1e0::1", (0xfd7a115ca1e0n << 80n) + 1n],
    ["::ffff:1.2.3.4", 0xffff01020304n],
    ["1:2:3:4:5:6:7:8", 0x00010002000300040005000600070008n],
  ])("%s", (text, value) => {
    expect(parseAddress(text)?.first).toBe(value);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.04",
    "1.2.3.256",
    "1.2.3.4.5",
    "1.2.3.4 ",
    ":",
    ":::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::8",
    "::%eth0",
    "g::",
  ])("none: %j", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it("networks forget host bits", () => {
    expect(parseNetwork("10.33.7.9/16")).toEqual(parseNetwork("10.33.0.0/16"));
    expect(parseNetwork("10.33.7.9/16")).toEqual({ family: 4, first: 0x0a210000n, last: 0x0a21ffffn });
    expect(parseNetwork("::/0")).toEqual({ family: 6, first: 0n, last: (1n << 128n) - 1n });
    expect(["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "::/129", "10.0.0.0/8/8"].map(parseNetwork)).toEqual(
      Array(5).fill(undefined),
    );
  });

  it("a range without others", () => {
    const range = (first: bigint, last: bigint) => ({ family: 4 as const, first, last });
    expect(without(range(0n, 9n), [range(7n, 20n), range(2n, 3n)])).toEqual([range(0n, 1n), range(4n, 6n)]);
    expect(without(range(0n, 9n), [range(0n, 9n)])).toEqual([]);
    expect(without(range(0n, 9n), [])).toEqual([range(0n, 9n)]);
  });
});

describe("ports", () => {
  it.each([
    ["*", [[0, 65535]]],
    ["22", [[22, 22]]],
    [
      "80-90,443",
      [
        [80, 90],
        [443, 443],
      ],
    ],
    ["0-10", [[0, 10]]],
    ["-80-90", [[80, 90]]],
    ["+80", [[80, 80]]],
  ])("%s", (text, expected) => {
    expect(parsePorts(text)).toEqual(expected);
  });

  it.each(["", "0", "65536", "22,", "a", "1-2-3", "9-8", "1-", "80,*", " 22"])("none: %j", (text) => {
    expect(parsePorts(text)).toHaveProperty("wrong");
  });
});

describe("durations, as Go writes them", () => {
  it.each([
    ["12h", 43200],
    ["1h30m", 5400],
    ["-5m", -300],
    ["0", 0],
    ["1.5h", 5400],
    ["100ms", 0.1],
  ])("%s", (text, expected) => {
    expect(parseDuration(text)).toBeCloseTo(expected);
  });

  it.each(["", "12", "h", "1 h", "1h ", "1d"])("none: %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
