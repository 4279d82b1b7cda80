import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { formatConfig, parseConfig, type AgentConfig } from "./config.ts";

const GOLDEN = join(import.meta.dirname, "..", "..", "..", "test", "golden");

const networks = readdirSync(GOLDEN).flatMap((name) => {
  const file = join(GOLDEN, name, "tofro.yaml");
  const { spec } = existsSync(file) ? parse(readFileSync(file, "utf8"), file) : {};
  return spec === undefined ? [] : [{ name, spec }];
});

const config = (name: string): AgentConfig => {
  const { spec } = networks.find((each) => each.name === name)!;
  return { node: spec.nodes[0]!.name, spec, lock: compile(spec).lock };
};

describe("the agent's configuration", () => {
  it("there are networks to try it with", () => {
    expect(networks.length).toBeGreaterThan(5);
  });

  it.each(networks.map(({ name }) => name))("gives the same plan as the file: %s", (name) => {
    const before = config(name);
    const text = formatConfig(before);
    const after = parseConfig(text);
    expect(JSON.parse(formatConfig(after))).toEqual(JSON.parse(text));
    expect(after.lock).toEqual(before.lock);
    expect(compile(after.spec, after.lock).states).toEqual(compile(before.spec, before.lock).states);
  });

  it("tells nothing of where the file is, nor how to log in", () => {
    const { spec, ...rest } = config("three-nodes");
    const nodes = spec.nodes.map((node) => ({ ...node, ssh: "root@hidden.example" }));
    const text = formatConfig({ ...rest, spec: { ...spec, nodes } });
    expect(text).not.toContain("hidden");
    expect(text).not.toContain(spec.file);
  });

  it("is refused when cut off, of another version, or with words that are not known", () => {
    const text = formatConfig(config("three-nodes"));
    expect(() => parseConfig(text.slice(0, 100))).toThrow("not JSON");
    expect(() => parseConfig(text.replace('"version":1', '"version":2'))).toThrow("version");
    expect(() => parseConfig(text.replace('"node":', '"knot":1,"node":'))).toThrow("knot");
    expect(() => parseConfig(text.replace('"isolate":false', '"isolate":"no"'))).toThrow("spec.isolate");
  });
});
