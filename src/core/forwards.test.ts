// Forwarders that are on nodes: their ports, and what the nodes forward.
import { describe, expect, it } from "vitest";
import { formatLock, parseLock } from "./lock-text.ts";
import { parse } from "./parse.ts";
import { compile, type Plan } from "./plan.ts";

const planOf = (nodes: string, forwarders: string, paths: string, before?: Plan): Plan => {
  const text = `overlay: 10.0.0.0/24\nnodes: { ${nodes} }\nforwarders: { ${forwarders} }\npaths: [${paths}]\n`;
  const { spec, diagnostics } = parse(text, "t.yaml");
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return compile(spec!, before?.lock);
};
const NODES = "a: { endpoint: 192.0.2.1 }, b: { endpoint: b.example }, c: { endpoint: 192.0.2.3 }, d: {}";
const stateOf = ({ states }: Plan, name: string) => states.find(({ node }) => node === name)!;
const forwardsOf = (plan: Plan, name = "b") => stateOf(plan, name).firewall.forwards;
const sysctlsOf = (plan: Plan, name: string) =>
  stateOf(plan, name).sysctls.flatMap(({ key }) => (key.includes("forward") ? [key] : []));

describe("ports of forwarders", () => {
  const paths = '"a -[x]-> c", "a <-> b", "b <-> c"';

  it("come behind those of the node's tunnels, and never move", () => {
    const plan = planOf(NODES, "x: { on: b, to: c }", paths);
    expect(forwardsOf(plan)).toEqual([
      { forwarder: "x", port: 51822, to: "192.0.2.3", toPort: 51820, from: "192.0.2.1" },
    ]);
    const [x] = plan.topology.forwarders;
    expect(x).toEqual({
      name: "x",
      on: "b",
      listen: { host: "b.example", port: 51822 },
      to: "c",
      toPort: 51820,
    });
    const more = planOf(
      NODES,
      "x: { on: b, to: c }, w: { on: b, to: c }",
      `${paths}, "d <-> b", "d -[w]-> c"`,
      plan,
    );
    expect(forwardsOf(more)?.map(({ forwarder, port }) => [forwarder, port])).toEqual([
      ["x", 51822],
      ["w", 51824],
    ]);
    const ports = stateOf(more, "b").interfaces.map(({ listenPort }) => listenPort);
    expect(ports.sort((one, two) => one - two)).toEqual([51820, 51821, 51823]);
    const read = parseLock(formatLock(more.lock), "t.lock");
    expect(read.diagnostics).toEqual([]);
    expect(read.lock).toEqual(more.lock);
  });

  it("are those that the file says, whatever a tunnel had", () => {
    const plan = planOf(NODES, "x: { on: b, to: c }", paths);
    const fixed = planOf(NODES, "x: { on: b, port: 51820, to: c }", paths, plan);
    expect(forwardsOf(fixed)?.[0]?.port).toBe(51820);
    expect(stateOf(fixed, "b").interfaces.map(({ listenPort }) => listenPort)).not.toContain(51820);
  });

  it("are not those of tunnels, in a lock that somebody has changed", () => {
    const text = formatLock(planOf(NODES, "x: { on: b, to: c }", paths).lock);
    expect(parseLock(text.replace("x: 51822", "x: 51820"), "t.lock").diagnostics).toMatchObject([
      { message: expect.stringContaining("port twice") as string },
    ]);
  });
});

describe("what a node forwards", () => {
  it("is for the dialler alone, where its address is known and of that family", () => {
    const from = (a: string): string | undefined =>
      forwardsOf(planOf(NODES.replace("endpoint: 192.0.2.1", a), "x: { on: b, to: c }", '"a -[x]-> c"'))?.[0]
        ?.from;
    expect(from("endpoint: 192.0.2.1")).toBe("192.0.2.1");
    expect(from("endpoint: a.example")).toBeUndefined();
    expect(from('endpoint: "2001:db8::1"')).toBeUndefined();
    expect(from("")).toBeUndefined();
  });

  it("switches forwarding on, of the underlay's family and on that node alone", () => {
    const four = planOf(NODES, "x: { on: b, to: c }", '"a -[x]-> c", "c -> a"');
    expect([sysctlsOf(four, "b"), sysctlsOf(four, "a")]).toEqual([["net.ipv4.ip_forward"], []]);
    const six = planOf(NODES.replace("192.0.2.3", '"2001:db8::3"'), "x: { on: b, to: c }", '"a -[x]-> c"');
    expect(sysctlsOf(six, "b")).toEqual(["net.ipv6.conf.all.forwarding"]);
  });

  it("is nothing while no tunnel runs over it, also with a port that is fixed", () => {
    const plan = planOf(NODES, 'x: { on: b, to: "c:7000" }', "a <-> c, b <-> c");
    expect(forwardsOf(plan)).toBeUndefined();
    expect(sysctlsOf(plan, "b")).toEqual([]);
  });
});
