// Prints `N passed, N failed` from vitest's JSON reports together; fails when nothing ran.
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
}

/** Of a run that ended before it could report. */
const BROKEN: Report = { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1 };

let passed = 0;
let failed = 0;
for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, "utf8");
  const report: Report = text === "" ? BROKEN : JSON.parse(text);
  passed += report.numPassedTests;
  // A file that cannot even be loaded fails without a test of its own.
  failed += Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
