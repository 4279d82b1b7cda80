// Laws that hold for every network: the oracle, which knows nothing of the compiler, agrees with it and misses no fault.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepts } from "../src/core/check/forgery.ts";
import { check, type CheckResult } from "../src/core/check/check.ts";
import { hostPrefix, type Address } from "../src/core/address.ts";
import { parse } from "../src/core/parse.ts";
import { compile, directions, type Plan } from "../src/core/plan.ts";
import { randomChoice } from "./support/random-choice.ts";
import { EXIT_MUTATIONS } from "./support/exit-mutations.ts";
import { UPLINK_MUTATIONS } from "./support/uplink-mutations.ts";
import { MUTATIONS, type Mutation } from "./support/mutations.ts";
import { randomNetwork, type RandomNetwork } from "./support/random-network.ts";

const RUNS = 300;
const networks = randomNetwork({ nodes: { min: 2, max: 12 }, rich: true });

function planOf(network: RandomNetwork): Plan {
  const { spec, diagnostics } = parse(network.text, "tofro.yaml");
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return compile(spec!);
}

const verdicts = (plan: Plan): CheckResult => check(plan.spec, plan.states);

describe("what the compiler makes", () => {
  it("is accepted by the oracle, and every pinned line takes exactly its path", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const plan = planOf(network);
        const result = verdicts(plan);
        expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        for (const path of network.pinned) {
          const found = result.directions.find(({ from, to }) => from === path[0] && to === path.at(-1));
          expect(found?.path).toEqual(path);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("takes the path that the plan says, in every direction, without passing a node twice", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const plan = planOf(network);
        const seen = new Map(verdicts(plan).directions.map((each) => [`${each.from} ${each.to}`, each.path]));
        for (const { from, to, path } of directions(plan)) {
          expect(seen.get(`${from} ${to}`) ?? path).toEqual(path);
          expect(new Set(path).size).toBe(path.length);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("is accepted with agents, too, whatever they choose, and permits the same", () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        const { spec, lock, topology } = planOf(network);
        const choice = randomChoice(topology, seed);
        const plan = compile(spec, lock, { choice, agents: true });
        const result = verdicts(plan);
        expect(result.directions.filter(({ broken }) => broken !== undefined)).toEqual([]);
        const seen = new Map(result.directions.map((each) => [`${each.from} ${each.to}`, each.path]));
        for (const { from, to, path } of directions(plan))
          if (seen.has(`${from} ${to}`)) expect(seen.get(`${from} ${to}`)).toEqual(path);
        const permits = ({ states }: Plan) =>
          states.map(({ interfaces, firewall }) => [
            interfaces.map(({ peer }) => peer.allowedIps),
            firewall.arrivals,
            firewall.transits,
          ]);
        expect(permits(plan)).toEqual(permits(compile(spec, lock, { agents: true })));
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps a route wherever there is a tunnel, whatever agents think is down: nothing leaves by the default route", () => {
    fc.assert(
      fc.property(networks, fc.nat(), (network, seed) => {
        const { spec, lock, topology } = planOf(network);
        const plan = compile(spec, lock, { choice: randomChoice(topology, seed, true), agents: true });
        const reached = new Set(Array.from(directions(plan), ({ from, to }) => `${from} ${to}`));
        const tunnels = new Set(
          topology.tunnels.flatMap(({ ends: [a, b] }) => [`${a.node} ${b.node}`, `${b.node} ${a.node}`]),
        );
        for (const { from, to, line } of directions(planOf(network)))
          if (line !== undefined && tunnels.has(`${from} ${to}`)) expect(reached).toContain(`${from} ${to}`);
      }),
      { numRuns: RUNS },
    );
  });

  it("lets every transit answer every source that it carries", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const plan = planOf(network);
        const all = [...directions(plan)];
        const reached = new Set(all.map(({ from, to }) => `${from} ${to}`));
        for (const { from, path } of all) {
          for (const transit of path.slice(1, -1)) expect(reached).toContain(`${transit} ${from}`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("lets a source in only by the tunnels that its packets arrive by", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const plan = planOf(network);
        const arriving = new Set<string>();
        const ends = new Map(plan.topology.tunnels.map(({ id, ends: both }) => [id, both]));
        for (const { from, path, tunnels } of directions(plan)) {
          tunnels.forEach((id, index) => {
            const end = ends.get(id)!.find(({ node }) => node === path[index + 1]!)!;
            arriving.add(`${from} ${end.node} ${end.interface}`);
          });
        }
        for (const state of plan.states) {
          for (const each of state.interfaces) {
            for (const { name, addresses } of plan.topology.nodes) {
              const planned = name === each.peer.node || arriving.has(`${name} ${state.node} ${each.name}`);
              const end = { node: state.node, interface: each.name };
              const lets = addresses.map((address: Address) => accepts(plan.states, end, address));
              expect(lets).toEqual(addresses.map(() => planned));
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is the same when compiled again, and stays the same under its own lock", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const plan = planOf(network);
        expect(planOf(network).states).toEqual(plan.states);
        expect(compile(plan.spec, plan.lock).states).toEqual(plan.states);
      }),
      { numRuns: 100 },
    );
  });

  it("renumbers nobody when a node is added", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const before = planOf(network);
        const more = network.text
          .replace("\npaths:", "\n  aaa: { endpoint: 203.0.113.77 }\npaths:")
          .replace("\nnodes:", "\nnodes:\n  zzz: {}")
          .concat("  - zzz <-> aaa\n  - n0 <-> aaa\n");
        const after = compile(parse(more, "tofro.yaml").spec!, before.lock);
        for (const [name, node] of before.lock.nodes) {
          const now = after.lock.nodes.get(name)!;
          expect(now.addresses).toEqual(node.addresses);
          for (const [towards, each] of node.interfaces) expect(now.interfaces.get(towards)).toEqual(each);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("the oracle rejects a plan with", () => {
  // Lines with a transit, so that there is something of every kind to break.
  const text = [
    "overlay: 10.77.0.0/24",
    "nodes:",
    ...[
      "a: { prefixes: 172.16.1.0/24 }",
      "x: { endpoint: 198.51.100.9 }",
      "b: { endpoint: 198.51.100.1 }",
      "c: { endpoint: 198.51.100.2, prefixes: [172.16.2.0/24, 172.16.3.1/32] }",
    ].map((node) => (node.includes(":") ? `  ${node}` : `  ${node}: {}`)),
    "  d: { endpoint: 198.51.100.3 }",
    "paths:",
    "  - a -> b -> d -> c",
    "  - c -> a",
    "  - x -> b -> c",
    "  - c -> d -> x",
    "",
  ].join("\n");
  const fixed = {
    text,
    pinned: [
      ["a", "b", "d", "c"],
      ["c", "a"],
      ["x", "b", "c"],
      ["c", "d", "x"],
    ],
  };

  it.each(MUTATIONS)("$name", ({ mutate }: Mutation) => {
    const plan = planOf(fixed);
    const mutants = [...mutate(plan)];
    expect(mutants.length).toBeGreaterThan(0);
    for (const { what, states } of mutants) {
      expect(states).not.toEqual(plan.states);
      expect({ what, ok: check(plan.spec, states).ok }).toEqual({ what, ok: false });
    }
  });

  it.each(MUTATIONS)("$name, in random networks", ({ mutate }: Mutation) => {
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 3, max: 8 }, rich: false }), (network) => {
        const plan = planOf(network);
        for (const { what, states } of mutate(plan)) {
          expect({ what, ok: check(plan.spec, states).ok }).toEqual({ what, ok: false });
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each(MUTATIONS)("$name, in random networks with hosts behind nodes", ({ mutate }: Mutation) => {
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 3, max: 5 }, rich: false, behind: true }), (network) => {
        const plan = planOf(network);
        for (const { what, states } of mutate(plan)) {
          expect({ what, ok: check(plan.spec, states).ok }).toEqual({ what, ok: false });
        }
      }),
      { numRuns: 5 },
    );
  });
});

describe("uplinks", () => {
  const multihomed = randomNetwork({
    nodes: { min: 2, max: 7 },
    rich: true,
    exits: true,
    uplinks: true,
  });

  it("are accepted by the oracle in any network, with every hop over the one that its line names", () => {
    fc.assert(
      fc.property(multihomed, (network) => {
        const plan = planOf(network);
        const result = verdicts(plan);
        expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        const over = new Map(plan.topology.tunnels.map((tunnel) => [tunnel.id, tunnel.uplink]));
        for (const { line, tunnels } of directions(plan))
          if (line?.kind === "pinned")
            expect(tunnels.map((id) => over.get(id))).toEqual(line.hops.map(({ uplink }) => uplink));
      }),
      { numRuns: 150 },
    );
  });

  it("are accepted with agents, too, whatever they choose", () => {
    fc.assert(
      fc.property(multihomed, fc.nat(), (network, seed) => {
        const { spec, lock, topology } = planOf(network);
        const choice = randomChoice(topology, seed);
        const plan = compile(spec, lock, { choice, agents: true });
        const result = verdicts(plan);
        expect(result.directions.filter(({ broken }) => broken !== undefined)).toEqual([]);
        expect(result.diagnostics.filter(({ code }) => code === "wrong-uplink")).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it.each(UPLINK_MUTATIONS)("are rejected with $name, in random networks", ({ mutate }) => {
    let count = 0;
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 2, max: 5 }, rich: true, uplinks: true }), (network) => {
        const plan = planOf(network);
        for (const { what, states } of mutate(plan)) {
          count++;
          expect({ what, ok: check(plan.spec, states).ok }).toEqual({ what, ok: false });
        }
      }),
      { numRuns: 40 },
    );
    expect(count).toBeGreaterThan(0);
  });
});

describe("exits", () => {
  const exiting = randomNetwork({ nodes: { min: 2, max: 7 }, rich: true, exits: true });

  it("are accepted by the oracle in any network, and change no path inside", () => {
    fc.assert(
      fc.property(exiting, (network) => {
        const plan = planOf(network);
        const result = verdicts(plan);
        expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
        const seen = new Map(result.directions.map((each) => [`${each.from} ${each.to}`, each.path]));
        for (const { from, to, path } of directions(plan))
          expect(seen.get(`${from} ${to}`) ?? path).toEqual(path);
      }),
      { numRuns: 150 },
    );
  });

  it("are accepted with agents, too, whatever they choose, and ask the same of allowed IPs and the firewall", () => {
    fc.assert(
      fc.property(exiting, fc.nat(), (network, seed) => {
        const { spec, lock, topology } = planOf(network);
        const plan = compile(spec, lock, { choice: randomChoice(topology, seed), agents: true });
        const places = new Set(spec.nodes.map(({ leaves }) => leaves?.via.at));
        expect(verdicts(plan).diagnostics.filter(({ at }) => places.has(at))).toEqual([]);
        const still = ({ states }: Plan) =>
          states.map(({ interfaces, sysctls, firewall: { mss: _mss, ...firewall } }) => [
            interfaces,
            sysctls,
            firewall,
          ]);
        expect(still(plan)).toEqual(still(compile(spec, lock, { agents: true })));
      }),
      { numRuns: 150 },
    );
  });

  it("let nobody in by a tunnel who claims to be inside and is not let in there", () => {
    fc.assert(
      fc.property(exiting, (network) => {
        const plan = planOf(network);
        for (const { node, interfaces, firewall } of plan.states)
          for (const { name } of interfaces)
            for (const other of plan.topology.nodes) {
              const planned = new Set(
                firewall.arrivals.flatMap((each) => (each.interface === name ? [each.source] : [])),
              );
              for (const address of other.addresses)
                expect(accepts(plan.states, { node, interface: name }, address)).toBe(
                  planned.has(hostPrefix(address)),
                );
            }
      }),
      { numRuns: 60 },
    );
  });

  const fixed = {
    text: [
      'overlay: [10.77.0.0/24, "fd77::/64"]',
      "nodes:",
      '  a: { prefixes: 172.16.1.0/24, exit_via: c, kill_switch: true, except: 203.0.113.0/24, dns: [9.9.9.9, "2620:fe::fe"] }',
      "  b: { endpoint: 198.51.100.1 }",
      "  c: { endpoint: 198.51.100.2, exit: true }",
      "  d: { endpoint: 198.51.100.3, exit_via: c }",
      "paths:",
      "  - a -> b -> c",
      "  - c -> d -> a",
      "  - d -> b -> c",
      "",
    ].join("\n"),
    pinned: [],
  };

  it.each(EXIT_MUTATIONS)("are rejected with $name", ({ mutate }) => {
    const plan = planOf(fixed);
    expect(verdicts(plan).ok).toBe(true);
    const mutants = [...mutate(plan)];
    expect(mutants.length).toBeGreaterThan(0);
    for (const { what, states } of mutants)
      expect({ what, ok: check(plan.spec, states).ok }).toEqual({ what, ok: false });
  });

  it.each(EXIT_MUTATIONS)("are rejected with $name, in random networks", ({ mutate }) => {
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 2, max: 5 }, rich: false, exits: true }), (network) => {
        const plan = planOf(network);
        for (const { what, states } of mutate(plan))
          expect({ what, ok: check(plan.spec, states).ok }).toEqual({ what, ok: false });
      }),
      { numRuns: 15 },
    );
  });
});
