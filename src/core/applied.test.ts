import { expect, it } from "vitest";
import { appliedParts, formatApplied, parseApplied, type AppliedPart } from "./applied.ts";
import { diff } from "./diff.ts";
import { NOTHING, wantedState, type MachineState } from "./machine-state.ts";
import { parse } from "./parse.ts";
import { compile } from "./plan.ts";

/** What the file's first node shall look like. */
function stateOf(text: string, key = "own"): MachineState {
  const { spec } = parse(text, "tofro.yaml");
  const state = wantedState(compile(spec!).states[0]!, {
    presharedKeyPrints: new Map(),
    identityDevice: "dummy",
    firewall: text,
    sysctls: [],
  });
  const interfaces = Array.from(
    state.interfaces,
    ([name, each]) => [name, { ...each, publicKey: key }] as const,
  );
  return { ...state, interfaces: new Map(interfaces) };
}

const network = (paths: string): string =>
  `overlay: 192.0.2.0/24\nnodes: { a: {}, b: { endpoint: 198.51.100.2 }, c: { endpoint: 198.51.100.3 } }\npaths: [${paths}]\n`;

const said = (from: MachineState, to: MachineState, isLeaving = false): string =>
  formatApplied(appliedParts(diff(from, to), diff(to, from, "certain"), isLeaving));

it("says what came, what moved and what went", () => {
  const [direct, relayed] = [
    stateOf(network("a <-> b, b <-> c")),
    stateOf(network("a <-> b, b <-> c, a <-> c")),
  ];
  expect(said(NOTHING, relayed)).toBe("tunnels +2 (+a - b, +a - c), routes +2, addresses +1, firewall");
  expect(said(direct, relayed)).toBe("tunnels +1 ~1 (+a - c), routes ~1, firewall");
  expect(said(relayed, direct)).toBe("tunnels ~1 -1 (-a - c), routes ~1, firewall");
  expect(said(relayed, stateOf(network("a <-> b, b <-> c, a <-> c"), "next"))).toBe("tunnels ~2, keys");
  const transit = stateOf(network("b -> a -> c, c <-> a"));
  expect(said(relayed, transit)).toMatch(/(^|, )settings ~1(,|$)/);
  expect(said(relayed, relayed)).toBe("files");
  expect(said(relayed, NOTHING, true)).toBe("all");
});

it("is one line of 300 octets, whatever the names", () => {
  const names = Array.from({ length: 40 }, (_, index) => `+node-${index} - $(reboot)'\n\u00e9`);
  const text = formatApplied([
    { kind: "tunnels", added: 40, names },
    { kind: "routes", removed: 3 },
  ]);
  expect(text).toMatch(/^tunnels \+40 \(\+node-0 - [^$'\n\u00e9]*\), routes -3$/);
  expect(text.length).toBeLessThanOrEqual(300);
});

it("is read back as it was", () => {
  const parts: readonly AppliedPart[] = [
    { kind: "tunnels", added: 2, removed: 1, names: ["+a - c [hkg]", "-a-b - c"] },
    { kind: "routes", added: 3, changed: 12, removed: 1 },
    { kind: "keys" },
  ];
  expect(parseApplied(formatApplied(parts))).toEqual(parts);
  expect(parseApplied("")).toEqual([]);
  expect(parseApplied("something else entirely")).toEqual([]);
});
