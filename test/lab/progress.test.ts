import { elapsed, progress } from "../../lab/plain/progress.cjs";

describe("elapsed", () => {
  test.each([
    [0, "0.0 s"],
    [1_449, "1.4 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min 00 s"],
    [320_400, "5 min 20 s"],
  ])("%d ms: %s", (milliseconds, expected) => {
    expect(elapsed(milliseconds)).toBe(expected);
  });
});

describe("progress", () => {
  let written: string[];
  const stream = (isTTY: boolean) => ({ isTTY, write: (text: string) => written.push(text) });
  beforeEach(() => {
    written = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("in a log: a line at the start, every 10 s, and at the end", () => {
    const shown = progress("Building", { stream: stream(false) });
    jest.advanceTimersByTime(21_000);
    shown.done("Built");
    jest.advanceTimersByTime(60_000);
    expect(written).toEqual([
      "Building\n",
      "  still at it after 10.0 s: Building\n",
      "  still at it after 20.0 s: Building\n",
      "Built (21.0 s)\n",
    ]);
  });

  test("on a terminal: one line that is rewritten every second", () => {
    const shown = progress("Building", { stream: stream(true) });
    jest.advanceTimersByTime(1_000);
    shown.failed();
    expect(written).toEqual(["Building", "\r\u001b[KBuilding (1.0 s)", "\r\u001b[KBuilding: failed (1.0 s)\n"]);
  });
});
