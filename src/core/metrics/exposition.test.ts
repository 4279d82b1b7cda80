import { expect, it } from "vitest";
import { exposition, seconds } from "./exposition.ts";

it("puts metrics of a name together under their help and type, and leaves out what is not known", () => {
  const labels = { from: "a", to: "c", tunnel: "a - c" };
  expect(
    exposition([
      { name: "tofro_link_up", labels, value: 1 },
      { name: "tofro_agent_repairs_total", labels: { node: "a" }, value: 3 },
      { name: "tofro_link_up", labels: { ...labels, from: 'odd "name"\\\n' }, value: 0 },
      { name: "tofro_link_jitter_seconds", labels, value: undefined },
      { name: "tofro_controller_failovers_total", value: Infinity },
    ]),
  ).toBe(`# HELP tofro_agent_repairs_total Times that something on the machine had to be put right.
# TYPE tofro_agent_repairs_total counter
tofro_agent_repairs_total{node="a"} 3
# HELP tofro_link_up 1 while the receiving end hears the link, 0 while it is down; nothing until that is known.
# TYPE tofro_link_up gauge
tofro_link_up{from="a",to="c",tunnel="a - c"} 1
tofro_link_up{from="odd \\"name\\"\\\\\\n",to="c",tunnel="a - c"} 0
# HELP tofro_controller_failovers_total Times that a link went down.
# TYPE tofro_controller_failovers_total counter
tofro_controller_failovers_total +Inf
`);
});

it("writes seconds without what floating point adds", () => {
  expect(seconds(0.1 + 0.2)).toBe(0.0003);
  expect(seconds(15.1)).toBe(0.0151);
  expect(seconds(undefined)).toBeUndefined();
});
