// Prints from vitest's JSON reports together what failed and why, and last `N passed, N failed`; fails when nothing ran.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults?: readonly {
    readonly name: string;
    readonly message: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Of a run that ended before it could report. */
const BROKEN: Report = { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1 };
/** Characters of each message: the runs above have all of it, where only the end of a long log is kept. */
const MESSAGE = 1500;

/** Without the frames of the test runner. */
const short = (message: string): string =>
  message
    .split("\n")
    .filter((line) => !line.includes("node_modules"))
    .join("\n")
    .slice(0, MESSAGE);

function failures({ testResults = [] }: Report): string[] {
  return testResults.flatMap(({ name, message, status, assertionResults }) => {
    const file = relative(".", name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    return failed.length === 0 && status === "failed"
      ? [`FAILED ${file}\n${short(message)}`]
      : failed.map(
          ({ fullName, failureMessages }) =>
            `FAILED ${file}: ${fullName}\n${failureMessages.map(short).join("\n")}`,
        );
  });
}

let passed = 0;
let failed = 0;
for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, "utf8");
  const report: Report = text === "" ? BROKEN : JSON.parse(text);
  passed += report.numPassedTests;
  // A file that cannot even be loaded fails without a test of its own.
  failed += Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
  for (const each of failures(report)) process.stdout.write(`\n${each}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
