import { expect, it } from "vitest";
import type { AgentStatus } from "../core/agent/told.ts";
import { parse } from "../core/parse.ts";
import type { AgentSaid } from "./agents-now.ts";
import { historyNote } from "./history-note.ts";

const { spec } = parse(
  "overlay: 10.0.0.0/24\nnodes: { a: {}, b: { endpoint: 198.51.100.1 } }\npaths: [a <=> b]\n",
  "tofro.yaml",
);
const lock = { nodes: new Map(), agents: true as const };
const without = { nodes: new Map() };

const telling = (history: NonNullable<AgentStatus["network"]>["history"]): ReadonlyMap<string, AgentSaid> => {
  const choice = { epoch: 1, trees: [], paths: [], dead: [] };
  const status = { life: 1, controller: { isConnected: true }, keeper: {}, links: [], network: { history } };
  return new Map([["b", { kind: "told", told: { choice, status } }]]);
};

it("says where the history is when it is not on the controller's disk", () => {
  const note = (history: Parameters<typeof telling>[0]) =>
    historyNote({ lock, spec: spec! }, telling(history));
  expect(note({ kept: "disk" })).toEqual([]);
  const trouble = "history on disk needs Node.js 22.13 or newer: decisions are kept in memory only";
  expect(note({ kept: "memory", trouble })).toEqual([`history of b: ${trouble}`]);
  expect(note({ kept: "disk", trouble: "history: it was put aside" })).toEqual([
    "history of b: history: it was put aside",
  ]);
  expect(note({ kept: "memory" })).toEqual(["history of b: not on the disk yet"]);
  expect(historyNote({ lock, spec: spec! }, new Map())).toEqual([]);
});

it("says that there is none where no agent runs", () => {
  expect(historyNote({ lock: without, spec: spec! }, new Map())).toEqual([
    "no history: no agent keeps one, and --watch has it from its start on",
  ]);
  expect(historyNote({ lock: without, spec: spec! }, telling({ kept: "disk" }))).toEqual([]);
});
