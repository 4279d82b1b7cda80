import { expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import type { Host } from "../linux/command.ts";
import { historyNote } from "./history-note.ts";

const { spec } = parse(
  "overlay: 10.0.0.0/24\nnodes: { a: {}, b: { endpoint: 198.51.100.1 } }\npaths: [a <=> b]\n",
  "tofro.yaml",
);
const lock = { nodes: new Map(), agents: true as const };

const answering = (history: object): ReadonlyMap<string, Host> =>
  new Map([
    [
      "b",
      {
        name: "b",
        run: () => Promise.resolve({ stdout: JSON.stringify({ network: { history } }), stderr: "", code: 0 }),
        writeFile: () => Promise.resolve(),
      },
    ],
  ]);

it("says where the history is when it is not on the controller's disk", async () => {
  const note = (history: object) => historyNote({ lock, spec: spec! }, answering(history));
  expect(await note({ kept: "disk" })).toEqual([]);
  const trouble = "history on disk needs Node.js 22.13 or newer: decisions are kept in memory only";
  expect(await note({ kept: "memory", trouble })).toEqual([`history of b: ${trouble}`]);
  expect(await note({ kept: "disk", trouble: "history: it was put aside" })).toEqual([
    "history of b: history: it was put aside",
  ]);
  expect(await historyNote({ lock, spec: spec! }, new Map())).toEqual([]);
  expect(await historyNote({ lock: { nodes: new Map() }, spec: spec! }, new Map())).toEqual([
    "no history: no agent keeps one, and --watch has it from its start on",
  ]);
});
