// Where arrivals are counted: with agents, at both ends of measured pairs.
import { expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { nftScript } from "./nftables.ts";

const FILE = `overlay: 192.168.51.0/24
nodes:
  a: { address: 192.168.51.5, exit_via: c }
  b: { address: 192.168.51.1, endpoint: 198.51.100.1 }
  c: { address: 192.168.51.2, endpoint: 198.51.100.2, exit: true }
paths: [a => c]
`;
const { spec } = parse(FILE, "tofro.yaml");
const scripts = (agents: boolean): string[] =>
  compile(spec!, undefined, { agents }).states.map((state) => nftScript(state));

it("counts by tunnel and source, without agents' test packets, and answers of the internet", () => {
  const [a, b, c] = scripts(true);
  expect(a!.split("\n")).toEqual(
    expect.arrayContaining([
      "add set inet tofro arrivals4 { type ifname . ipv4_addr; flags interval; counter; }",
      "add set inet tofro counted { type ifname; counter; }",
      "add chain inet tofro come { type filter hook input priority filter; policy accept; }",
      "add rule inet tofro come iifname != @tunnels accept",
      "add rule inet tofro come udp length 52 udp sport 61001-65535 udp dport 61001-65535 accept",
      "add rule inet tofro come iifname . ip saddr @arrivals4",
      "add rule inet tofro come ip saddr != @inside4 iifname @counted",
    ]),
  );
  // What leaves here for the internet has arrived as well.
  expect(c).toContain(
    "pass iifname @tunnels oifname @tunnels counter drop\nadd rule inet tofro pass iifname . ip saddr @arrivals4\n",
  );
  expect(c).not.toContain("saddr != @inside4 iifname @counted");
  expect(b).not.toMatch(/arrivals4 \{[^}]*counter|chain inet tofro come/);
});

it("counts nothing without agents", () => {
  for (const script of scripts(false)) expect(script).not.toMatch(/arrivals4 \{[^}]*counter|counted|come/);
});
