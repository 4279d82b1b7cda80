// Which way packets for the internet and answers take, and who is refused.
import { describe, expect, it } from "vitest";
import { TofroError } from "./error.ts";
import { exitTrafficOf, refuseExits } from "./exits.ts";
import { parse } from "./parse.ts";
import { compile, type Plan } from "./plan.ts";
import { trafficOf } from "./traffic.ts";

const NETWORK = `overlay: 10.77.0.0/24
nodes:
  a: { exit_via: c, kill_switch: true }
  b: { endpoint: 198.51.100.1 }
  c: { endpoint: 198.51.100.2, exit: true }
  d: { endpoint: 198.51.100.3 }
paths:
  - a -> b -> c
  - c -> d -> a
  - d -> b -> a
`;

const planOf = (text: string): Plan => compile(parse(text, "t.yaml").spec!);

describe("exits", () => {
  it("follow the path there and the path back, and find where main would lead answers elsewhere", () => {
    const { topology, routing } = planOf(NETWORK);
    const traffic = exitTrafficOf(topology, routing, trafficOf(routing));
    const end = (link: number) => topology.tunnels[link >> 1]!.ends[link & 1]!;
    const names = (links: Iterable<number>) =>
      Array.from(links, (link) => `${end(link).node} ${end(link).interface}`);
    expect(names(traffic.sending)).toEqual(["a wg-b", "b wg-c"]);
    expect(names(traffic.answered)).toEqual(["d wg-c", "a wg-d"]);
    expect(Array.from(traffic.carried, ([node, list]) => [node, list.length])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    const [returned] = traffic.returned.get(3)!;
    expect(names([returned!.enter, returned!.leave])).toEqual(["d wg-c", "d wg-a"]);
  });

  it("are refused where agents would lead them, at their place in the file", () => {
    const { spec } = planOf(NETWORK);
    try {
      refuseExits(spec);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TofroError);
      expect((error as TofroError).detail).toMatchObject({
        kind: "input",
        diagnostics: [{ code: "exit-with-agents", at: { line: 3, column: 18 } }],
      });
    }
    expect(() =>
      refuseExits(planOf(NETWORK.replace("{ exit_via: c, kill_switch: true }", "{}")).spec),
    ).not.toThrow();
  });
});
