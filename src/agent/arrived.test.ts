// Whose packets arrived, and by which link.
import { expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { arrivedOf, originsOf } from "./arrived.ts";

const FILE = `overlay: [192.168.51.0/24, "fd51::/64"]
nodes:
  a: { address: [192.168.51.5, "fd51::5"], exit_via: c }
  b: { address: [192.168.51.1, "fd51::1"], endpoint: 198.51.100.1 }
  c: { address: [192.168.51.2, "fd51::2"], endpoint: 198.51.100.2, prefixes: [10.7.0.0/16, "fd07::/32"], exit: true }
paths: [a => c]
`;
const { spec } = parse(FILE, "tofro.yaml");
const { topology } = compile(spec!, undefined, { agents: true });
const origins = (node: string) => originsOf(spec!, topology, node);
/** Behind six links. */
const [A, C] = [6, 8];

it("is told of the nodes that a measured line names with this one, whichever of the two it is", () => {
  expect(origins("a")).toEqual({
    bySource: new Map([
      ["192.168.51.2/32", C],
      ["fd51::2/128", C],
      ["10.7.0.0/16", C],
      ["fd07::/32", C],
    ]),
    exit: C,
  });
  expect(origins("c")).toEqual({
    bySource: new Map([
      ["192.168.51.5/32", A],
      ["fd51::5/128", A],
    ]),
  });
  expect(origins("b").bySource.size).toBe(0);
});

it("reads what nft says of elements, and leaves out what is nobody's", () => {
  const ends = [
    { interface: "wg-b", incoming: 1 },
    { interface: "wg-c", incoming: 5 },
  ];
  const grown = new Map([
    ["wg-b 192.168.51.2", 1],
    ["wg-c 10.7.0.0/16", 2],
    ["wg-c fd51::2", 3],
    // Answers of the internet.
    ["wg-b", 4],
    // No pair that is measured; gone.
    ["wg-b 192.168.51.1", 5],
    ["7 192.168.51.2", 6],
  ]);
  expect(arrivedOf(grown, ends, origins("a"))).toEqual([
    [1, C, 1],
    [5, C, 2],
    [5, C, 3],
    [1, C, 4],
  ]);
});
