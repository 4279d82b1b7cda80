import { describe, expect, it } from "vitest";
import { generatePresharedKey, generatePrivateKey, publicKeyOf } from "../../files/keys.ts";
import { Diagnostics } from "../diagnostics.ts";
import { readLive, sortFiles } from "./live.ts";
import { hasTunnels } from "./output.ts";

function liveOf(text: string, path = "a/out") {
  const found = new Diagnostics();
  const sorted = sortFiles([{ path, text }]);
  const live = readLive(sorted, found);
  const said = found.sorted().map(({ at, code }) => `${at.line}:${at.column} ${code}`);
  return { ...live, said, diagnostics: found.sorted(), isScript: sorted.others.length > 0 };
}

const KEY = generatePrivateKey();
const PUBLIC = publicKeyOf(KEY);
const PEER = publicKeyOf(generatePrivateKey());
const PSK = generatePresharedKey();
const DUMP = `ab\t${KEY}\t${PUBLIC}\t1000\toff\nab\t${PEER}\t${PSK}\t[2001:db8::1]:2000\t10.0.0.2/32,fd00::/8\t0\t0\t0\t25\n`;
const SHOW = `interface: ab\n  public key: ${PUBLIC}\n  private key: (hidden)\n  listening port: 1000\n\npeer: ${PEER}\n  allowed ips: 10.0.0.2/32\n`;
const ADDRESS =
  "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue\n    link/loopback 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever\n";
const ROUTE = "default via 192.0.2.1 dev eth0 \n10.0.0.2 dev ab scope link src 10.0.0.1 metric 7 \n";

describe("an output", () => {
  it("of wg show all dump", () => {
    const { interfaces, isWhole, said } = liveOf(DUMP);
    expect(said).toEqual([]);
    expect(isWhole).toBe(true);
    expect(interfaces).toMatchObject([
      {
        name: "ab",
        privateKey: { value: KEY },
        listenPort: { value: 1000 },
        table: "off",
        peers: [
          {
            publicKey: { value: PEER },
            presharedKey: PSK,
            endpoint: { value: { host: "2001:db8::1", port: 2000 } },
            allowedIps: [{ value: "10.0.0.2/32" }, { value: "fd00::/8" }],
            keepaliveS: 25,
          },
        ],
      },
    ]);
  });

  it("of wg show wg7 dump has the file's name", () => {
    const text = DUMP.replaceAll("ab\t", "");
    expect(liveOf(text, "a/wg7.dump")).toMatchObject({
      said: [],
      isWhole: false,
      interfaces: [{ name: "wg7" }],
    });
  });

  it("of wg show, with what it hides", () => {
    const text = `${SHOW}  preshared key: (hidden)\n  persistent keepalive: every 1 minute, 5 seconds\n`;
    const { interfaces, said } = liveOf(text);
    expect(said).toEqual([]);
    expect(interfaces[0]!.privateKey).toBeUndefined();
    expect(interfaces[0]).toMatchObject({
      publicKey: { value: PUBLIC },
      peers: [{ isPresharedKeyHidden: true, keepaliveS: 65 }],
    });
  });

  it("that has keys goes before one that hides them", () => {
    expect(liveOf(SHOW + DUMP).interfaces).toMatchObject([{ name: "ab", privateKey: { value: KEY } }]);
  });

  it("of ip route: what the kernel made is left out, what a plan has no place for is told", () => {
    const text = `${ROUTE}192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2
local 10.0.0.1 dev ab table local proto kernel scope host src 10.0.0.1
multicast ff00::/8 dev ab table local proto kernel metric 256 pref medium
blackhole 10.9.0.0/16
default dev ab table 7 metric 1024 pref medium
10.8.0.0/16 proto static
\tnexthop via 10.0.0.2 dev ab weight 1
\tnexthop via 10.0.0.3 dev ac weight 1
`;
    const { routes, otherRoutes, said } = liveOf(text);
    expect(said).toEqual([]);
    expect(
      routes.map(({ prefix, device, table, metric, at }) => [prefix, device, table, metric, at.line]),
    ).toEqual([
      ["0.0.0.0/0", "eth0", "main", undefined, 1],
      ["10.0.0.2/32", "ab", "main", 7, 2],
      ["::/0", "ab", "7", 1024, 7],
    ]);
    expect(otherRoutes.map(({ value, devices }) => [value, ...devices])).toEqual([
      ["blackhole 10.9.0.0/16"],
      ["10.8.0.0/16 proto static", "ab", "ac"],
    ]);
  });

  it("of ip rule: those by source and interface, and the others as they are", () => {
    const text =
      "0:\tfrom all lookup local\n9:\tfrom 10.0.0.0/8 iif ab [detached] lookup 7 proto static\n10:\tnot from all fwmark 0xca6c lookup 51820\n32766:\tfrom all lookup main\n";
    const { rules, otherRules, said } = liveOf(text);
    expect(said).toEqual([]);
    expect(rules).toMatchObject([{ priority: 9, from: "10.0.0.0/8", iif: "ab", table: "7" }]);
    expect(otherRules.map(({ value }) => value)).toEqual(["10: not from all fwmark 0xca6c lookup 51820"]);
  });

  it("of ip -j rule, the same", () => {
    const text =
      '[{"priority":9,"src":"10.0.0.0","srclen":8,"iif":"ab","table":"7"},{"priority":10,"not":null,"src":"all","fwmark":"0xca6c","table":"51820"},{"priority":32766,"src":"all","table":"main"}]';
    const { rules, otherRules, said } = liveOf(text);
    expect(said).toEqual([]);
    expect(rules).toMatchObject([
      { priority: 9, from: "10.0.0.0/8", iif: "ab", table: "7", at: { column: 2 } },
    ]);
    expect(otherRules.map(({ value }) => value)).toEqual(["10: from all lookup 51820 not fwmark"]);
  });

  it.each([
    ["by its flags", ADDRESS.replace("lo:", "d7:").replace("LOOPBACK", "BROADCAST,NOARP")],
    ["by -d", ADDRESS.replace("lo:", "d7:").replace("    inet", "    dummy numtxqueues 1\n    inet")],
    ["by its name in -o", "7: dummy0    inet 10.0.0.1/32 scope global dummy0\\       valid_lft forever\n"],
    ["by -d -j", '[{},{"ifname":"d7","flags":[],"linkinfo":{"info_kind":"dummy"},"addr_info":[]}]'],
  ])("of ip address: a dummy, known %s", (_, text) => {
    expect(liveOf(text)).toMatchObject({ said: [], devices: [{ isDummy: true }] });
  });

  it("is none where a script only names the same things", () => {
    const script =
      "#!/bin/sh\n# default via 192.0.2.1 dev eth0\nip route add 10.0.0.2 dev ab\n[ -e /x ] && exit\n";
    expect(liveOf(script).isScript).toBe(true);
    expect(hasTunnels(script, "a/x.sh")).toBe(false);
    expect(liveOf("[Interface]\nAddress = 10.0.0.1\n", "a/old").isScript).toBe(true);
  });
});

describe("a broken output", () => {
  it.each<[string, string, string[]]>([
    ["a dump with a field too few", DUMP.replace("\t1000", ""), ["1:1 bad-output", "2:1 bad-output"]],
    ["a dump without its first line", DUMP.split("\n")[1]!, ["1:1 bad-output"]],
    ["a cut key", DUMP.replace(KEY, KEY.slice(9)), ["1:4 bad-key"]],
    ["a key taken out by hand", DUMP.replace(KEY, "(none)"), ["1:4 bad-key"]],
    ["a port", DUMP.replace("\t1000", "\t70000"), ["1:94 bad-number"]],
    ["a firewall mark", DUMP.replace("\toff", "\ton"), ["1:99 bad-output"]],
    ["an endpoint", DUMP.replace("[2001:db8::1]:2000", "there"), ["2:94 bad-endpoint"]],
    ["allowed IPs", DUMP.replace("fd00::/8", "fd00::/129"), ["2:125 bad-address"]],
    ["a keepalive", DUMP.replace("\t25\n", "\toften\n"), ["2:140 bad-number"]],
    ["wg show: a key", SHOW.replace(PUBLIC, PUBLIC.slice(1)), ["2:15 bad-key"]],
    ["wg show: no such setting", SHOW.replace("listening port", "listening"), ["4:14 bad-output"]],
    ["wg show: a line", SHOW.replace("  allowed ips:", "allowed"), ["7:1 bad-output"]],
    ["wg show: a peer of nobody", SHOW.replace(/^[^]*?\n\n/, ""), ["1:1 bad-output", "2:1 bad-output"]],
    ["an address", ADDRESS.replace("127.0.0.1/8", "127.0.0.1/64"), ["3:5 bad-address"]],
    ["an address of the other family", ADDRESS.replace("inet ", "inet6 "), ["3:5 bad-address"]],
    ["a peer's address", ADDRESS.replace("/8 scope", " peer 1.2.3/8 scope"), ["3:5 bad-address"]],
    ["a device", ADDRESS.replace("    link", "link"), ["2:1 bad-output"]],
    ["a destination", ROUTE.replace("10.0.0.2", "10.0.0.256"), ["2:1 bad-output"]],
    ["a source", ROUTE.replace("10.0.0.1 ", "10.0.1 "), ["2:1 bad-output"]],
    ["a metric", ROUTE.replace("metric 7", "metric x"), ["2:1 bad-output"]],
    ["a route that breaks off", ROUTE.slice(0, ROUTE.indexOf("ab")), ["2:1 bad-output"]],
    ["a rule", "0:\tfrom all lookup local\n5:\tlookup 7\nx\n", ["2:1 bad-output", "3:1 bad-output"]],
    ["JSON that breaks off", '[{"dst":"10.0.0.2","dev":"ab"},\n{"dst":', ["2:8 bad-json"]],
    ["JSON that is spoilt", '[{"dst":"10.0.0.2",,"dev":"ab"}]', ["1:20 bad-json"]],
    ["JSON of other things", '[{"a":1},{},7]\n[{"a":1}]', ["1:1 bad-output", "2:2 bad-output"]],
    ["JSON without a value", '[{"dst":"10.0.0.2","dev":"ab"},{"dst":7}]', ["1:32 bad-output"]],
    [
      "JSON with no address",
      '[{"ifname":"ab","addr_info":[{"family":"inet","local":"x","prefixlen":8}]}]',
      ["1:30 bad-address"],
    ],
    ["JSON with no route", '[{"dst":"10.0.0.2/33","dev":"ab"}]', ["1:2 bad-output"]],
    ["a form below another", `${ROUTE}${ADDRESS.replace("127.0.0.1/8", "x")}`, ["5:5 bad-address"]],
    ["wg showconf", `[Interface]\nPrivateKey = ${KEY}\nListenPort = x\n`, ["3:14 bad-number"]],
  ])("%s: its place, and never a key", (_, text, expected) => {
    const { said, diagnostics } = liveOf(text);
    expect(said).toEqual(expected);
    for (const key of [KEY, PSK, KEY.slice(9)]) expect(JSON.stringify(diagnostics)).not.toContain(key);
    for (const { hint } of diagnostics) expect(hint).not.toBe("");
  });
});
