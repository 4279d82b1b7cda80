// What a link meets on the underlay.
import { expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { parseLabFile } from "../lab/lab-file.ts";
import { Underlay } from "./underlay.ts";

it("leads a tunnel over the links of the node that its forwarder is on", () => {
  const network = `overlay: 10.9.0.0/24
nodes: { a: {}, b: { endpoint: b.example }, c: { endpoint: 203.0.113.2 } }
forwarders: { x: { on: b, to: c } }
paths: ["a -[x]-> c"]
`;
  const spec = parse(network, "tofro.yaml").spec!;
  const file = `network: ./tofro.yaml
underlay:
  a -> b: { delay: 3ms }
  b -> c: { delay: 40ms, loss: 1% }
  c -> b: { delay: 5ms }
  a <-> c: { delay: 900ms }
`;
  const lab = parseLabFile(file, "lab.yaml", spec).lab!;
  const underlay = new Underlay(compile(spec).topology, lab);
  expect(underlay.quality(0)).toMatchObject({ delayMs: 43, loss: expect.closeTo(0.01) as number });
  expect(underlay.quality(1)).toMatchObject({ delayMs: 5, loss: 0 });
});
