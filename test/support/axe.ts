// What axe-core has against a page as it stands (https://dequeuniversity.com/rules/axe/): all its rules.
import axe from "axe-core";
import type { Browser } from "./browser.ts";

/** A line for each element at fault, with the rule that says so. */
export async function faults(browser: Browser): Promise<readonly string[]> {
  // Given to the page by the debugger, whatever its policy allows.
  await browser.ask(`${axe.source};undefined`);
  const found = await browser.ask(`axe.run(document).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ": " + html + ": " + failureSummary)))`);
  return found as readonly string[];
}
