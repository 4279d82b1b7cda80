// Every line is of UCI's documented grammar, and what the sections say, read back, is the node's state.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { golden, goldenNames } from "../../test/support/golden.ts";
import { parseUciBatch, type UciSection } from "../../test/support/uci.ts";
import { hostPrefix } from "../core/address.ts";
import { openwrt, sectionNames } from "./openwrt.ts";

const batchOf = (text: string): string => /uci batch <<'TOFRO'\n([^]*?)TOFRO\n/.exec(text)![1]!;

const all = (sections: ReadonlyMap<string, UciSection>, pattern: RegExp): Record<string, unknown>[] =>
  [...sections.values()]
    .filter(({ type }) => pattern.test(type))
    .map(({ options }) => Object.fromEntries([...options].filter(([key]) => key !== "tofro")));

const text = (value: number | undefined): string | undefined => value?.toString();
const hex = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `0x${value.toString(16)}`;
const isAll = (prefix: string): boolean => prefix.endsWith("/0");

describe.each(goldenNames)("%s", (name) => {
  const { plan, secrets } = golden(name);

  it.each(plan.states.map((state) => [state.node, state] as const))("%s", (_, state) => {
    const { files, limits } = openwrt("# Made by tofro: ", state, secrets);
    const script = files[0]!.text;
    execFileSync("sh", ["-n"], { input: script });
    const sections = parseUciBatch(batchOf(script));
    const names = sectionNames(state.interfaces.map((each) => each.name));

    expect(all(sections, /^interface$/)).toEqual(
      state.interfaces.map((each) => ({
        proto: "wireguard",
        private_key: secrets.privateKeys.get(state.node) ?? "__TOFRO_OWN_KEY__",
        listen_port: text(each.listenPort),
        mtu: text(each.mtu),
        ...(each.fwmark === undefined ? {} : { fwmark: hex(each.fwmark) }),
        addresses: state.addresses.map(hostPrefix),
        nohostroute: "1",
      })),
    );
    expect(all(sections, /^wireguard_/)).toMatchObject(
      state.interfaces.map(({ peer, tunnel }) => ({
        public_key: peer.publicKey,
        preshared_key: secrets.presharedKeys.get(tunnel),
        allowed_ips: peer.allowedIps,
        ...(peer.endpoint && { endpoint_host: peer.endpoint.host, endpoint_port: text(peer.endpoint.port) }),
        ...(peer.keepaliveS !== undefined && { persistent_keepalive: text(peer.keepaliveS) }),
      })),
    );
    const routes = all(sections, /^route6?$/).map((each) => ({ table: undefined, mtu: undefined, ...each }));
    expect(routes).toEqual(
      state.routes.map((route) => ({
        interface: names.get(route.interface),
        target: route.prefix,
        ...(route.prefix.includes(":") ? {} : { source: route.source }),
        table: route.table === "main" ? undefined : text(route.table),
        mtu: text(route.mtu),
        proto: "116",
      })),
    );
    const rules = [...sections].filter(([path]) => path.startsWith("network.tofro_rule"));
    expect(rules.map(([, { type, options }]) => ({ type, ...Object.fromEntries(options) }))).toEqual(
      state.rules.map(({ priority, iif, from, to, fwmark, table, suppressPrefixLength }) => ({
        type: from.includes(":") ? "rule6" : "rule",
        priority: text(priority),
        ...(iif !== undefined && { in: names.get(iif) }),
        ...(!isAll(from) && { src: from }),
        ...(to !== undefined && { dest: to }),
        ...(fwmark !== undefined && { mark: hex(fwmark) }),
        ...(table === "unreachable" ? { action: table } : { lookup: String(table) }),
        ...(suppressPrefixLength !== undefined && { suppress_prefixlength: text(suppressPrefixLength) }),
        tofro: "1",
      })),
    );

    // What is missing is said, in the file, too.
    const opened = [...sections].filter(([path]) => path.startsWith("firewall.tofro_forward_"));
    expect(opened.map(([, { options }]) => [options.get("dest_ip"), options.get("dest_port")])).toEqual(
      (state.firewall.forwards ?? []).map(({ to, toPort }) => [to, text(toPort)]),
    );
    const said = limits.map(({ lacks }) => lacks).join("\n");
    for (const { prefix, advmss } of state.routes) if (advmss !== undefined) expect(said).toContain(prefix);
    for (const { lacks } of limits) expect(script).toContain(`# Not here: ${lacks}`);
    // Nothing of the firewall has a name that no interface has.
    for (const each of state.interfaces)
      if (names.get(each.name) !== each.name) expect(script).not.toContain(`"${each.name}"`);
  });
});

describe("names of sections", () => {
  it("stay apart and within 15 characters", () => {
    const names = ["wg-a-b", "wg-a_b", "wg_a_b", "wg-abcdefghijk1", "wg_abcdefghijk1"];
    const made = [...sectionNames(names).values()];
    expect(new Set(made).size).toBe(names.length);
    for (const each of made) expect(each).toMatch(/^\w{1,15}$/);
  });
});

describe("the reader of the test above", () => {
  it.each([
    "set network.wg-b=interface",
    "set network.a=nonsense",
    "set network.a.proto='wireguard'",
    "set network.a=interface\nset network.a.advmss='1380'",
    "set network.a=interface\nset network.a.mtu=1420",
    "set network.a=interface\nset network.a.mtu='wide'",
    "set network.a=interface\nset network.a.addresses='10.0.0.1'",
    "set network.a=route\nset network.a.interface='b'\nset network.a.tofro='1'",
    "set network.a=interface\nset network.a.proto='wireguard'",
  ])("refuses %j", (batch) => {
    expect(() => parseUciBatch(batch)).toThrow();
  });
});
