import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The line that continuous integration ends with, from what jest writes. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ci-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const good = {
  numPassedTests: 5,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  numTotalTests: 5,
  numPendingTests: 0,
  numTodoTests: 0,
};

function summary(...results: object[]) {
  const files = results.map((result, index) => {
    const file = join(folder, `${String(index)}.json`);
    writeFileSync(file, JSON.stringify(result));
    return file;
  });
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(__dirname, "..", "..", ".ci", "summary.mjs"), ...files],
    { encoding: "utf8" },
  );
  return [stdout, status];
}

test.each([
  ["all pass", [good, good], ["10 passed, 0 failed\n", 0]],
  ["one fails", [good, { ...good, numPassedTests: 4, numFailedTests: 1 }], ["9 passed, 1 failed\n", 1]],
  ["a suite does not load", [{ ...good, numRuntimeErrorTestSuites: 1 }], ["5 passed, 1 failed\n", 1]],
  ["one is skipped", [{ ...good, numPendingTests: 1, numTotalTests: 6 }], ["5 passed, 0 failed\n", 1]],
  ["a part has no tests", [good, { ...good, numPassedTests: 0, numTotalTests: 0 }], ["5 passed, 0 failed\n", 1]],
  ["there are no results", [], ["0 passed, 0 failed\n", 1]],
])("%s", (_what, results, expected) => {
  expect(summary(...results)).toEqual(expected);
});
