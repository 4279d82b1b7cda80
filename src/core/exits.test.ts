// Which way packets for the internet and answers take, and who is refused.
import { describe, expect, it } from "vitest";
import { exitTrafficOf } from "./exits.ts";
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

  it("ask for no more with agents where the pair may not move", () => {
    const text = NETWORK.replace("overlay:", "isolate: true\noverlay:").replace(
      /  - (\S.*)/g,
      '  - { path: "$1", backup: none }',
    );
    const { spec } = parse(text, "t.yaml");
    const asked = (agents: boolean) =>
      compile(spec!, undefined, { agents }).states.map(({ interfaces, firewall, rules }) => ({
        exits: firewall.exits,
        internet: interfaces.flatMap(({ name, peer }) =>
          peer.allowedIps.some((each) => each === "0.0.0.0/0") ? [name] : [],
        ),
        rules: rules.map(({ table: _table, ...rule }) => rule),
      }));
    expect(asked(true)).toEqual(asked(false));
    expect(asked(true).map(({ internet }) => internet)).toEqual([["wg-b", "wg-d"], ["wg-c"], [], ["wg-c"]]);
  });
});
