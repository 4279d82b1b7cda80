// Laws of the way from one state of a machine to another, on a model of what the kernel does with each change.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Prefix } from "../src/core/address.ts";
import { diff, isNothing, type Change, type Changes } from "../src/core/diff.ts";
import { elementChanges } from "../src/core/firewall-listing.ts";
import { NOTHING, wantedState, type MachineInterface, type MachineState } from "../src/core/machine-state.ts";
import { parse } from "../src/core/parse.ts";
import { compile } from "../src/core/plan.ts";
import { listingOf, ModelMachine, type Keys } from "./support/model-machine.ts";
import { randomNetwork } from "./support/random-network.ts";

const RUNS = 300;

interface Wanted {
  readonly state: MachineState;
  readonly keys: Keys;
}

/** What random networks want of their first node, with keys that may have been rotated. */
const wanted: fc.Arbitrary<Wanted> = fc
  .tuple(
    randomNetwork({ nodes: { min: 2, max: 6 }, rich: true, exits: true }),
    fc.nat(2),
    fc.constantFrom("dummy", "tun"),
  )
  .map(([network, round, identityDevice]) => {
    const [plan] = compile(parse(network.text, "tofro.yaml").spec!).states;
    const prints = new Map(plan!.interfaces.map(({ tunnel }) => [tunnel, `${tunnel} ${round}`]));
    const state = wantedState(plan!, {
      presharedKeyPrints: prints,
      identityDevice,
      firewall: listingOf(plan!),
      sysctls: [],
    });
    const publicKey = `own ${round}`;
    const interfaces = new Map(
      [...state.interfaces].map(([name, each]): [string, MachineInterface] => [
        name,
        { ...each, publicKey, peer: { ...each.peer!, publicKey: `${each.peer!.publicKey} ${round}` } },
      ]),
    );
    const presharedKeyPrints = new Map(
      plan!.interfaces.map(({ name, tunnel }) => [name, prints.get(tunnel)!]),
    );
    return { state: { ...state, interfaces }, keys: { publicKey, presharedKeyPrints } };
  });

/** What hands and other programs do to it: anything missing, anything changed. */
const drifted = wanted.chain(({ state, keys }) =>
  fc.array(fc.tuple(fc.nat(11), fc.nat(50)), { maxLength: 6 }).map((faults) => {
    const machine = new ModelMachine(state, keys);
    for (const [what, which] of faults) machine.tryAll(fault(machine.state, what, which));
    return machine.state;
  }),
);

function fault(state: MachineState, what: number, which: number): Change[] {
  const nth = <Value>(values: Iterable<Value>): Value[] => {
    const all = [...values];
    return all.length === 0 ? [] : [all[which % all.length]!];
  };
  const link = nth(state.interfaces.values());
  switch (what) {
    case 0:
      return link.map(({ name }) => ({ kind: "interface-delete", name }));
    case 1:
      return link.map(({ name }) => ({ kind: "link", name, mtu: 1300, up: which % 2 === 0 }));
    case 2:
      return link.flatMap(({ name, addresses }) =>
        nth(addresses).map((address): Change => ({ kind: "address-delete", name, address })),
      );
    case 3:
      return nth(state.routes.values()).map((route) => ({ kind: "route-delete", route }));
    case 4:
      return nth(state.rules.values()).map((rule) => ({ kind: "rule-delete", rule }));
    case 5:
      return link.map(({ name, peer }) => ({
        kind: "wireguard",
        name,
        set: {
          listenPort: 40000 + which,
          ...(peer && { peer: { publicKey: peer.publicKey, allowedIps: [] } }),
        },
      }));
    case 6:
      return link.map(({ name, peer }) => ({
        kind: "wireguard",
        name,
        set: { removePeer: peer?.publicKey ?? "" },
      }));
    case 7:
      return nth(state.sysctls.keys()).map((key) => ({ kind: "sysctl", key, value: "1" }));
    case 8:
      return [{ kind: which % 2 === 0 ? "firewall-delete" : "identity-delete" }];
    case 9:
      return link.map(({ name }) => ({ kind: "address-add", name, address: "10.99.0.1/32" as Prefix }));
    case 10:
      return nth(state.routes.values()).flatMap((route) =>
        link.map(({ name }): Change => ({ kind: "route-replace", route: { ...route, interface: name } })),
      );
    default:
      return state.firewall === undefined
        ? []
        : [{ kind: "firewall", listing: state.firewall.replace("accept", "drop") }];
  }
}

const all = ({ widen, move, narrow }: Changes): Change[] => [...widen, ...move, ...narrow];

/** As text that does not depend on the order of sets, lists and maps. */
const picture = (state: MachineState, sysctls: ReadonlyMap<string, string>) => ({
  identity: state.identity && {
    ...state.identity,
    device: "any",
    addresses: state.identity.addresses.toSorted(),
  },
  interfaces: sorted(state.interfaces, (each) => ({
    ...each,
    addresses: each.addresses.toSorted(),
    peer: each.peer && { ...each.peer, endpoint: "any", allowedIps: each.peer.allowedIps.toSorted() },
  })),
  routes: sorted(state.routes, (route) => route),
  rules: sorted(state.rules, (rule) => rule),
  sysctls: [...sysctls.keys()].sort().map((key) => [key, state.sysctls.get(key)]),
});

const sorted = <Value, Shown>(map: ReadonlyMap<string, Value>, show: (value: Value) => Shown): Shown[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => show(value));

function expectSame(now: MachineState, then: MachineState, sysctls = then.sysctls): void {
  // WireGuard forgets no endpoint: one that nobody wants any more stays until the peer speaks from elsewhere.
  for (const [name, { peer }] of then.interfaces) {
    if (peer?.endpoint !== undefined) expect(now.interfaces.get(name)?.peer?.endpoint).toEqual(peer.endpoint);
  }
  expect(picture(now, sysctls)).toEqual(picture(then, sysctls));
  if (now.firewall === undefined || then.firewall === undefined) expect(now.firewall).toBe(then.firewall);
  else expect(elementChanges(now.firewall, then.firewall)).toEqual({ add: new Map(), remove: new Map() });
}

describe("the way from one state to another", () => {
  it("is nothing from a state to itself", () => {
    fc.assert(
      fc.property(wanted, ({ state }) => isNothing(diff(state, state))),
      { numRuns: RUNS },
    );
  });

  it("leads there from wherever a machine has drifted, every change succeeds, and a second time there is none", () => {
    fc.assert(
      fc.property(drifted, wanted, (from, { state: to, keys }) => {
        const machine = new ModelMachine(from, keys);
        for (const change of all(diff(from, to))) machine.run(change);
        expectSame(machine.state, to);
        expect(isNothing(diff({ ...machine.state, sysctls: to.sysctls }, to))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it("leads to nothing, and nothing of ours is left", () => {
    fc.assert(
      fc.property(drifted, (from) => {
        const machine = new ModelMachine(from, { publicKey: "", presharedKeyPrints: new Map() });
        for (const change of all(diff(from, NOTHING))) machine.run(change);
        expectSame(machine.state, NOTHING);
      }),
      { numRuns: RUNS },
    );
  });

  it("can be gone back from wherever it stopped", () => {
    fc.assert(
      fc.property(
        wanted,
        drifted,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ state: to, keys }, from, part) => {
          const there = all(diff(from, to));
          const machine = new ModelMachine(from, keys);
          for (const change of there.slice(0, Math.round(part * there.length))) machine.run(change);
          // The keys that lie on the machine are the old ones again by then.
          const [link] = from.interfaces.values();
          const prints = [...from.interfaces].map(
            ([name, each]) => [name, each.peer?.presharedKeyPrint ?? ""] as const,
          );
          const home = new ModelMachine(machine.state, {
            publicKey: link?.publicKey ?? "",
            presharedKeyPrints: new Map(prints),
          });
          home.tryAll(all(diff(to, from, "certain")));
          expectSame(home.state, from, new Map([...from.sysctls].filter(([key]) => to.sysctls.has(key))));
        },
      ),
      { numRuns: RUNS },
    );
  });
});
