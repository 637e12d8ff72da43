import { duration, durationToMilliseconds } from "../../../providers/common/duration";
import { redact } from "../../../providers/common/redact";
import { retry } from "../../../providers/common/retry";
import { messageOf } from "../support";

describe("lengths of time", () => {
  test.each([
    ["30 minutes", 1_800_000],
    ["24 hours", 86_400_000],
    ["2 days", 172_800_000],
  ])("%s", (text, expected) => {
    expect(duration.safeParse(text).success).toBe(true);
    expect(durationToMilliseconds(text)).toBe(expected);
  });

  test.each(["24", "24h", "0 hours", "-1 days", "1.5 hours", "2 weeks", ""])("%j is none", (text) => {
    expect(duration.safeParse(text).error?.issues[0]?.message).toBe(
      `${JSON.stringify(text)} is no length of time; write a whole number and minutes, hours or days, for example "24 hours"`,
    );
  });
});

describe("retry", () => {
  test("stops at the bound and throws the last error", async () => {
    let tries = 0;
    const failing = retry(
      { attempts: 3, pause: 1 },
      () => true,
      () => Promise.reject(new Error(`try ${++tries}`)),
    );
    expect(await messageOf(failing)).toBe("try 3");
  });

  test("does not repeat what must not be repeated", async () => {
    let tries = 0;
    const failing = retry(
      { attempts: 3, pause: 1 },
      () => false,
      () => Promise.reject(new Error(`try ${++tries}`)),
    );
    expect(await messageOf(failing)).toBe("try 1");
  });
});

test("redacted text has no key in it", () => {
  const pem = ["-----BEGIN PRIVATE", "KEY-----\nabc\n-----END PRIVATE", "KEY-----"].join(" ");
  const long = "QUJD".repeat(12);
  const key = `hskey-auth-abcdefghijkl-${"x".repeat(20)}`;
  expect(redact(`a ${pem} b ${long}= c ${key} d hunter2 e`, ["hunter2"])).toBe(
    "a [secret] b [secret] c [secret] d [secret] e",
  );
});
