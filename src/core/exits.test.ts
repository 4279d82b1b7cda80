// Which way packets for the internet and answers take, and who is refused.
import { describe, expect, it } from "vitest";
import { check } from "./check/check.ts";
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

  it("lead to their own resolvers what the node itself asks, not what others ask by way of it", () => {
    const plan = planOf(`overlay: 10.77.0.0/24
nodes:
  a: { exit_via: b }
  b: { endpoint: 198.51.100.1, exit: true, exit_via: c, kill_switch: true, dns: [9.9.9.9, 10.77.0.3] }
  c: { endpoint: 198.51.100.2, address: 10.77.0.3, exit: true }
paths: [a <-> b, b <-> c]
`);
    const { rules, firewall } = plan.states[1]!;
    const toResolver = rules.filter(({ to }) => to === "9.9.9.9/32");
    expect(toResolver.map(({ iif, from, table }) => [iif, from, table])).toEqual([
      [undefined, "0.0.0.0/0", 16600],
      ["wg-a", `${plan.states[0]!.addresses[0]}/32`, "main"],
    ]);
    // To what is inside the overlay's own routes lead.
    expect(rules.filter(({ to }) => to === "10.77.0.3/32")).toEqual([]);
    expect(firewall.exits?.dns).toEqual({ resolvers: ["9.9.9.9", "10.77.0.3"], except: [] });
    expect(check(plan.spec, plan.states).diagnostics).toEqual([]);
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
