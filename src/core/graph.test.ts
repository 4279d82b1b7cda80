import { describe, expect, it } from "vitest";
import { Graph } from "./graph.ts";
import { parse } from "./parse.ts";
import { compile } from "./plan.ts";

/** A chain of nodes, and its links by their ends. */
function chain(names: string): {
  graph: Graph;
  link: (from: string, to: string) => number;
  index: (name: string) => number;
} {
  const nodes = names.split("").map((name, index) => `  ${name}: { endpoint: 198.51.100.${index + 1} }`);
  const paths = names
    .split("")
    .slice(1)
    .map((name, index) => `  - ${names[index]} <-> ${name}`);
  const text = `overlay: 10.0.0.0/24\nnodes:\n${nodes.join("\n")}\npaths:\n${paths.join("\n")}\n`;
  const { topology } = compile(parse(text, "chain.yaml").spec!);
  const graph = new Graph(topology);
  const index = (name: string): number => names.indexOf(name);
  const link = (from: string, to: string): number =>
    graph.links(index(from)).find((each) => graph.receiver(each) === index(to))!;
  return { graph, link, index };
}

/** The nodes from each on the way to `to`. */
function ways(names: string, to: string, dead: readonly string[]): string[] {
  const { graph, link, index } = chain(names);
  const gone = new Set(dead.map((each) => link(each[0]!, each[1]!)));
  const tree = graph.treeTo(index(to), () => -1, gone);
  return names.split("").map((name) => {
    let way = name;
    graph.climb(tree, index(name), index(to), (each) => (way += names[graph.receiver(each)]));
    return way;
  });
}

describe("ways over links that are thought dead", () => {
  it("are not taken where others are", () => {
    expect(ways("abcd", "d", [])).toEqual(["abcd", "bcd", "cd", "d"]);
  });

  it("lead to a node that nobody hears from", () => {
    expect(ways("abcd", "d", ["cd"])).toEqual(["abcd", "bcd", "cd", "d"]);
  });

  it("lead on from nodes that are cut off", () => {
    expect(ways("abcd", "d", ["bc", "cb"])).toEqual(["abcd", "bcd", "cd", "d"]);
  });

  it("begin at a node that does not listen, and lead through none", () => {
    expect(ways("abcd", "d", ["ab"])).toEqual(["abcd", "bcd", "cd", "d"]);
    expect(ways("abcd", "d", ["ba", "bc"])).toEqual(["a", "bcd", "cd", "d"]);
  });
});
