import { expect, it } from "vitest";
import { parseLock } from "../core/lock-text.ts";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { tunnelMarks } from "../core/uplink-rules.ts";
import { tableParts } from "./nftables.ts";

/** WireGuard may use port 53, and over an uplink its packets have another mark. */
const NETWORK = `overlay: 10.66.0.0/24
nodes:
  a: { exit_via: c, kill_switch: true, dns: 9.9.9.9, uplinks: { lte: { table: 102 } } }
  c: { endpoint: 198.51.100.2:53, exit: true }
paths: ["a -[lte]-> c", c -> a]
`;

it("leads no packet of a tunnel to a resolver, by whatever uplink it leaves", () => {
  const { spec } = parse(NETWORK, "t.yaml");
  const [state] = compile(spec!, parseLock("", "t.lock").lock).states;
  const marks = tunnelMarks(state!);
  expect(marks).toHaveLength(2);
  const rules = tableParts(state!).flat();
  for (const chain of ["ask", "ask_only", "stay"])
    for (const mark of marks)
      expect(rules).toContain(`add rule inet tofro ${chain} meta mark ${mark} accept`);
  const asked = rules.filter((rule) => rule.includes("meta mark !="));
  expect(asked).toHaveLength(2);
  for (const rule of asked) expect(rule).toContain(`meta mark != { ${marks.join(", ")} }`);
});
