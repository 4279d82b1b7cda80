// Prints `N passed, N failed` from vitest's JSON report; fails when nothing ran.
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
}

const text = readFileSync(process.argv[2]!, "utf8");
const report: Report =
  text === "" ? { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1 } : JSON.parse(text);
// A file that cannot even be loaded fails without a test of its own.
const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = report.numPassedTests > 0 && failed === 0 ? 0 : 1;
