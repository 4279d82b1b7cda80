// Every line is of RouterOS's documented grammar; what it adds, read back, is the node's state; and what is missing is said.
import { describe, expect, it } from "vitest";
import { golden, goldenNames } from "../../test/support/golden.ts";
import { parseRouterOs, type RouterOsItem } from "../../test/support/routeros.ts";
import { hostPrefix, lengthOf } from "../core/address.ts";
import { FWMARK } from "../core/node-state.ts";
import { routeros } from "./routeros.ts";

const of = (items: readonly RouterOsItem[], menu: RegExp): Record<string, string | undefined>[] =>
  items
    .filter((item) => menu.test(item.menu))
    .map(({ properties }) => Object.fromEntries([...properties].filter(([key]) => key !== "comment")));

const isSix = (text: string): boolean => text.includes(":");

describe.each(goldenNames)("%s", (name) => {
  const { plan, secrets } = golden(name);

  it.each(plan.states.map((state) => [state.node, state] as const))("%s", (_, state) => {
    const { files, limits } = routeros("# Made by tofro: ", state, secrets);
    const script = files[0]!.text;
    const items = parseRouterOs(script);

    expect(of(items, /^\/interface\/wireguard$/)).toEqual(
      state.interfaces.map((each) => ({
        name: each.name,
        "listen-port": String(each.listenPort),
        mtu: String(each.mtu),
        "private-key": secrets.privateKeys.get(state.node) ?? "$tofroPrivateKey",
        disabled: "yes",
      })),
    );
    expect(of(items, /^\/interface\/wireguard\/peers$/)).toEqual(
      state.interfaces.map(({ name: each, tunnel, peer }) => ({
        interface: each,
        "public-key": peer.publicKey,
        "preshared-key": secrets.presharedKeys.get(tunnel),
        "allowed-address": peer.allowedIps.join(","),
        ...(peer.endpoint && {
          "endpoint-address": peer.endpoint.host,
          "endpoint-port": String(peer.endpoint.port),
        }),
        ...(peer.keepaliveS !== undefined && { "persistent-keepalive": `${peer.keepaliveS}s` }),
      })),
    );
    expect(of(items, /\/address$/).map((each) => [each["interface"], each["address"]])).toEqual(
      state.interfaces.flatMap((each) => state.addresses.map((address) => [each.name, hostPrefix(address)])),
    );
    const routes = state.routes.filter(({ prefix }) => lengthOf(prefix) > 0);
    expect(of(items, /\/route$/)).toEqual(
      routes.map((route) => ({
        "dst-address": route.prefix,
        gateway: route.interface,
        ...(isSix(route.prefix) ? {} : { "pref-src": route.source }),
        "routing-table": route.table === "main" ? "main" : `tofro-${route.table}`,
      })),
    );
    const exiting = new Set<unknown>(
      state.routes.filter(({ prefix }) => lengthOf(prefix) === 0).map(({ table }) => table),
    );
    expect(of(items, /\/rule$/)).toEqual(
      state.rules
        .filter(({ iif, table }) => iif !== undefined && !exiting.has(table))
        .map((rule) => ({
          "src-address": rule.from,
          interface: rule.iif,
          action: "lookup",
          table: `tofro-${rule.table}`,
        })),
    );
    for (const menu of ["/ip", "/ipv6"]) {
      const ofFamily = (prefix: string): boolean => isSix(prefix) === (menu === "/ipv6");
      const rules = of(items, new RegExp(`^${menu}/firewall/filter$`));
      const pairs = rules.filter((each) => each["out-interface"] !== undefined);
      expect(pairs.map((each) => [each["in-interface"], each["out-interface"]])).toEqual(
        state.firewall.transits.map((pair) => [pair.in, pair.out]),
      );
      // Default deny, of both families.
      expect(rules.at(-2)).toEqual({ chain: "tofro", action: "drop" });
      expect(rules.at(-1)).toMatchObject({ chain: "forward", "jump-target": "tofro" });
      const listed = of(items, new RegExp(`^${menu}/firewall/address-list$`));
      expect(new Set(listed.map((each) => `${each["list"]} ${each["address"]}`))).toEqual(
        new Set([
          ...state.firewall.prefixes.filter(ofFamily).map((prefix) => `tofro-behind ${prefix}`),
          ...state.firewall.arrivals
            .filter(({ source }) => ofFamily(source))
            .map((each) => `tofro-${each.interface} ${each.source}`),
        ]),
      );
      const dropped = of(items, new RegExp(`^${menu}/firewall/raw$`)).filter(
        ({ action }) => action === "drop",
      );
      expect(dropped.map((each) => each["in-interface"])).toEqual(state.interfaces.map((each) => each.name));
    }

    const said = limits.map(({ lacks }) => lacks).join("\n");
    for (const { prefix, mtu } of routes)
      if (mtu !== undefined) expect(said).toContain(`${mtu} to ${prefix}`);
    for (const each of state.interfaces)
      if (each.fwmark !== undefined)
        expect(said).toContain(each.fwmark === FWMARK ? "its own way" : `${each.name} out by`);
    for (const { source } of state.firewall.exits?.leaving ?? []) expect(said).toContain(source);
    for (const rule of state.rules)
      if (rule.iif !== undefined && exiting.has(rule.table)) expect(said).toContain(rule.from);
    if (state.firewall.exits?.killSwitch !== undefined) expect(said).toContain("kill switch");
    for (const resolver of state.firewall.exits?.dns?.resolvers ?? []) expect(said).toContain(resolver);
    for (const { lacks } of limits) expect(script).toContain(`# Not here: ${lacks}`);
    // An MSS is set, or it is said that it is not.
    const sizes = of(items, /\/mangle$/).map((each) => `${each["new-mss"]} to ${each["dst-address"]}`);
    for (const { prefix, advmss } of routes)
      if (advmss !== undefined) expect(`${sizes.join("\n")}\n${said}`).toContain(`${advmss} to ${prefix}`);
  });
});

describe("the reader of the test above", () => {
  const ok = '/interface/wireguard/add name="wg-a" comment="tofro"';
  it("takes what is right", () => {
    expect(parseRouterOs(ok)).toHaveLength(1);
  });
  it.each([
    ok.replace("wireguard", "wiregard"),
    ok.replace('"wg-a"', '"wg-a'),
    ok.replace(' comment="tofro"', ""),
    `${ok} fwmark=1`,
    `${ok} mtu=wide`,
    `${ok} mtu=1 mtu=1`,
    `${ok}; /system/reboot`,
    ok.replace('"wg-a"', '"$a"'),
    '/ip/route/add dst-address="10.0.0.1/32" gateway="wg-a" routing-table="main" comment="tofro"',
    `${ok}\n/ip/route/add dst-address="10.0.0.1/32" gateway="wg-a" routing-table="other" comment="tofro"`,
    `${ok}\n/ip/route/add dst-address="fd00::1/128" gateway="wg-a" routing-table="main" comment="tofro"`,
  ])("refuses %j", (script) => {
    expect(() => parseRouterOs(script)).toThrow();
  });
});
