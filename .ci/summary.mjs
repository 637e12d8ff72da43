// Counts what jest's result files say and prints one line: `N passed, N failed`. Plain JavaScript, no dependencies.
import { readFileSync } from "node:fs";

let passed = 0;
let failed = 0;
const problems = [];

for (const file of process.argv.slice(2)) {
  try {
    const results = JSON.parse(readFileSync(file, "utf8"));
    passed += results.numPassedTests;
    failed += results.numFailedTests;
    // A suite that does not even load has no tests to count; it is a failure all the same.
    failed += results.numRuntimeErrorTestSuites;
    if (results.numTotalTests === 0) problems.push(`${file} has no tests`);
    const left = results.numPendingTests + results.numTodoTests;
    if (left > 0) problems.push(`${file} has ${left} skipped tests`);
  } catch (error) {
    problems.push(`${file} can't be read: ${error.message}`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 && problems.length === 0 ? 0 : 1;
