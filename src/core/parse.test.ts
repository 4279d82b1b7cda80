import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "./error.ts";
import { LARGEST_FILE, parse } from "./parse.ts";

const EXAMPLES = [
  "three-nodes/tofro",
  "three-nodes/measured",
  "five-nodes/tofro",
  "five-nodes/measured",
  "port-forward/tofro",
].map((name) => ({
  name,
  text: readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), "utf8"),
}));

/** Nodes begin on line 3. */
const network = (nodes: readonly string[], rest: readonly string[], overlay = "10.0.0.0/24"): string =>
  [`overlay: ${overlay}`, "nodes:", ...nodes.map((node) => `  ${node}`), ...rest, ""].join("\n");

/** a is behind NAT; lines begin on line 7, column 5. */
const ABC = ["a: {}", "b: { endpoint: b.example.net }", "c: { endpoint: 203.0.113.2 }"];
const paths = (...lines: string[]): string => network(ABC, ["paths:", ...lines.map((line) => `  - ${line}`)]);
/** Nodes on lines 3 and 4 with the path a <-> b. */
const pair = (a: string, b = "b: { endpoint: b.example.net }", overlay?: string): string =>
  network([a, b], ["paths:", "  - a <-> b"], overlay);
/** A forwarder h on line 7, its use on line 9. */
const forwarder = (h: string, ...lines: string[]): string =>
  network(ABC, ["forwarders:", `  h: ${h}`, "paths:", ...lines.map((line) => `  - ${line}`)]);
const HOP = "a -[h]-> c";
const KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

const found = (text: string): string[] =>
  parse(text, "t.yaml").diagnostics.map(({ at, code }) => `${at.line}:${at.column} ${code}`);

describe("a good file", () => {
  it.each(EXAMPLES)("$name has no diagnostics", ({ name, text }) => {
    const { spec, diagnostics } = parse(text, name);
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    expect(spec?.nodes.length).toBeGreaterThan(1);
  });

  it("becomes a Spec with everything that was written", () => {
    const text = `overlay: ["fd77::/64", 10.0.0.0/24]
isolate: true
mtu: 1400
nodes:
  a: { address: ["fd77::5", 10.0.0.5], prefixes: 192.168.7.0/24, ssh: root@a, mtu: 1380, public_key: ${KEY} }
  b: { endpoint: "[2001:DB8::1]:6000", interfaces: { a: wg7, hkg: { name: wg8, port: 7001 } } }
  c: { endpoint: 2001:db8::2 }
forwarders:
  hkg: { listen: "fwd.example.net:14967", to: b:7001 }
paths:
  - a -[hkg]-> b -> c
  - { path: c => a, avoid: [hkg], max_hops: 3, backup: none }
  - { path: a <-> b, backup: "a <-[hkg]-> b" }
`;
    const { spec, diagnostics } = parse(text, "t.yaml");
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    expect(spec).toMatchObject({
      file: "t.yaml",
      overlays: [{ value: "fd77::/64", at: { line: 1, column: 12 } }, { value: "10.0.0.0/24" }],
      isolate: true,
      mtu: 1400,
      nodes: [
        {
          name: "a",
          mtu: 1380,
          ssh: "root@a",
          publicKey: { value: KEY },
          prefixes: [{ value: "192.168.7.0/24" }],
        },
        {
          endpoint: { host: "2001:db8::1", port: 6000 },
          interfaces: [
            { towards: "a", name: { value: "wg7" } },
            { towards: "hkg", name: { value: "wg8" }, port: { value: 7001 } },
          ],
        },
        { endpoint: { host: "2001:db8::2", port: 51820 } },
      ],
      forwarders: [
        { listen: { host: "fwd.example.net", port: 14967 }, to: { value: "b" }, toPort: { value: 7001 } },
      ],
      paths: [
        {
          kind: "pinned",
          from: "a",
          to: "c",
          hops: [{ to: "b", forwarder: "hkg" }, { to: "c" }],
          backup: { kind: "any" },
        },
        { kind: "measured", from: "c", to: "a", avoid: ["hkg"], maxHops: 3, backup: { kind: "none" } },
        { from: "a", to: "b", backup: { kind: "path", from: "a", hops: [{ to: "b", forwarder: "hkg" }] } },
        { from: "b", to: "a", backup: { kind: "path", from: "b", hops: [{ to: "a", forwarder: "hkg" }] } },
      ],
    });
  });

  it("takes names as they are written", () => {
    const nodes = ["1: {}", "1e3:", "null: ~", "true: {}", "0x10: { endpoint: h }", "no: {}", "010: {}"];
    const { spec, diagnostics } = parse(network(nodes, ["paths: [all <=> all]"]), "t.yaml");
    expect(diagnostics).toEqual([]);
    expect(spec?.nodes.map((node) => node.name)).toEqual(["1", "1e3", "null", "true", "0x10", "no", "010"]);
  });

  it.each([
    ["block style", paths("a -> b -> c", "c -> a")],
    ["an explicit line above `all` lines", paths("all => all", "a => all", "a -> c")],
    ["`all` lines that agree", paths("a => all", "all => c", "all => c")],
    ["`all` lines that disagree about a pair which a line decides", paths("a => all", "all -> c", "a => c")],
    ["a hub", paths("all -> b -> all")],
    [
      "Windows line ends and a byte order mark",
      `\uFEFF${paths("a <-> b", "b <-> c").replaceAll("\n", "\r\n")}`,
    ],
    ["aliases", network(["a: &x {}", "b: { endpoint: h }", "c: *x"], ["paths: [a <-> b, b <-> c]"])],
    ["/31", pair("a: { address: 10.0.0.0 }", "b: { endpoint: h, address: 10.0.0.1 }", "10.0.0.0/31")],
    [
      "a measured line with a forwarder to use",
      forwarder("{ listen: h:1, to: c }", "{ path: a => c, via: [h, b] }"),
    ],
    ["a node that only forwards", forwarder("{ on: b, to: c }", HOP, "c -> a")],
    [
      "a measured line over a forwarder that no line names, dialled by the only node that it is not on",
      forwarder("{ on: b, to: c }", "{ path: a => c, avoid: [b] }", "{ path: b => c, avoid: [a] }"),
    ],
    [
      "quoted flow lines",
      network(ABC, ['forwarders: { h: { listen: "h:1", to: c } }', 'paths: ["a -[h]-> c", b -> a]']),
    ],
  ])("%s", (_, text) => {
    const { spec, diagnostics } = parse(text, "t.yaml");
    expect(diagnostics.map(formatDiagnostic)).toEqual([]);
    expect(spec).toBeDefined();
  });
});

/** What is written, where and what the one diagnostic is, parts of its message and hint. */
type Row = readonly [text: string, where: string, message: string, hint: string];

const YAML: readonly Row[] = [
  ["", "1:1 empty-file", "empty", "overlay:"],
  ["# only a comment\n", "1:1 empty-file", "empty", "overlay:"],
  ["a".repeat(LARGEST_FILE + 1), "1:1 file-too-large", "4.0 MiB", "right file"],
  ["- a\n", "1:1 wrong-type", "the file must be a map", "smallest"],
  ["overlay: 10.0.0.0/24\nnodes:\n\ta: {}\n", "3:1 yaml-tab", "tab", "spaces"],
  ["nodes:\n  a:\n  \tssh: x\n", "3:3 yaml-tab", "tab", "spaces"],
  [`${paths("a -> b -> c")}---\nx: 1\n`, "8:1 yaml-documents", "second YAML document", "one document"],
  ["overlay:10.0.0.0/24\nnodes:\n", "1:1 yaml-space", "space", "`overlay: 10.0.0.0/24`"],
  ["nodes:\n  a: {}\n b: {}\n", "3:1 yaml-indent", "indentation", "same column"],
  ["nodes:\n  a: ssh: x\n", "2:6 yaml-nested", "two `key:`", "line of its own"],
  ["nodes:\n  a: { address: 10.0.0.1 endpoint: x }\n", "2:17 yaml-comma", "comma", "{ key: value"],
  ["overlay: 10.0.0.0/24\rnodes: {}\r", "1:10 yaml-line-ends", "carriage return", "save"],
  ['nodes:\n  a: "x\n', "3:1 yaml-open-quote", "never closed", "second quote"],
  ["%YAML 1.3\n---\nnodes:\n", "1:7 yaml-directive", "directive", "remove"],
  ["paths:\n  - * -> a\n", "2:5 yaml-alias", "alias", "`all`"],
  ["paths:\n  - @a -> b\n", "2:5 yaml-reserved", "reserves", "quote"],
  ["paths:\n  - !a -> b\n", "2:5 yaml-tag", "tag", "quote"],
  [pair("a: {}", "b: { endpoint: h }\n  a: {}"), "5:3 duplicate-key", "first on line 3", "name"],
  [pair("a: *nobody"), "3:6 yaml-alias", "no anchor", "quote"],
  [pair("a: { endpoint: fd77:: }"), "3:18 yaml-quote", "`fd77::` must be quoted", 'write "fd77::"'],
  [pair("a: {}", undefined, "[10.0.0.0/24, fd77::]"), "1:24 yaml-quote", "`fd77::`", 'write "fd77::"'],
  [
    pair("a: {}", "b: { endpoint: [2001:db8::1]:51820 }"),
    "4:18 yaml-quote",
    "brackets",
    'write "[2001:db8::1]:51820"',
  ],
  [pair("a: {}", "b: { endpoint: [2001:db8::1] }"), "4:18 yaml-quote", "brackets", "quotes"],
  [
    forwarder("{ listen: h:1, to: c }", "{ path: a -[h]-> c -> b, backup: none }"),
    "9:13 yaml-quote",
    "quoted",
    'write "a -[h]-> c -> b"',
  ],
  [
    network(ABC, ["forwarders: { h: { listen: h:1, to: c } }", "paths: [c -> b, a -[h]-> c]"]),
    "7:17 yaml-quote",
    "flow style",
    'write "a -[h]-> c"',
  ],
  [pair("? [a, b]\n  : {}\n  a: {}"), "3:5 yaml-key", "plain text", "quote"],
];

const SHAPE: readonly Row[] = [
  [
    "nodes: { a: {}, b: { endpoint: h } }\npaths: [a <-> b]\n",
    "1:1 missing-key",
    "`overlay` is missing",
    "overlay:",
  ],
  ["overlay: 10.0.0.0/24\npaths: [a <-> b]\n", "1:1 missing-key", "`nodes` is missing", "nodes:"],
  [pair("a: {}", undefined, "[]"), "1:10 no-overlay", "no prefix", "10.77.0.0/24"],
  ["overlay: 10.0.0.0/24\nnodes: {}\n", "2:1 no-nodes", "no nodes", "nodes:"],
  ["overlay: 10.0.0.0/24\nnodes: { a: {} }\n", "2:10 one-node", "one node", "another"],
  [network(ABC, []), "1:1 no-paths", "no paths", "all <=> all"],
  [network(ABC, ["paths: []"]), "6:1 no-paths", "no paths", "all <=> all"],
  [network(ABC, ["paths: a -> b"]), "6:8 wrong-type", "`paths` must be a list", "`- `"],
  [
    "overlay: 10.0.0.0/24\nnodes: [a, b]\npaths: [a <-> b]\n",
    "2:8 wrong-type",
    "`nodes` must be a map",
    "indented",
  ],
  [network(ABC, ["paths: [all <=> all]", "overlays: x"]), "7:1 unknown-key", "`overlays`", "`overlay`"],
  [pair("a: { adress: 10.0.0.1 }"), "3:8 unknown-key", "`adress` in `a`", "did you mean `address`?"],
  [pair("a: { zebra: 1 }"), "3:8 unknown-key", "`zebra`", "known here: address"],
  [pair("a: { uplinks: [] }"), "3:17 wrong-type", "`uplinks` must be a map", "table: 102"],
  [pair("a: { uplinks: { lte: 102 } }"), "3:24 wrong-type", "`lte` must be a map", "table: 102"],
  [pair("a: { uplinks: { lte: { tabel: 102 } } }"), "3:26 unknown-key", "`tabel`", "`table`"],
  [pair("a: 5"), "3:6 wrong-type", "`a` must be a map", "schema"],
  [pair("a: { address: { x: y } }"), "3:17 wrong-type", "`address` must be an IP address", "quoted"],
  [pair("a: { address: }"), "3:17 wrong-type", "`address` is empty", "value"],
  [pair("a: { interfaces: [wg0] }"), "3:20 wrong-type", "`interfaces`", "name: wg0"],
  [pair("a: { interfaces: { b: { nmae: x } } }"), "3:27 unknown-key", "`nmae`", "`name`"],
  [
    network(ABC, ["paths: [all <=> all]", "isolate: yes"]),
    "7:10 wrong-type",
    "`true` or `false`",
    "isolate: true",
  ],
  [paths("all <=> all", "{ pth: a -> c }"), "8:7 unknown-key", "`pth`", "`path`"],
  [paths("all <=> all", "{ avoid: b }"), "8:5 missing-key", "`path` is missing", "path"],
  [paths("all <=> all", "a -> b: c"), "8:5 bad-path", "colon", "no colon"],
  [paths("all <=> all", ""), "8:5 wrong-type", "entry 2 of `paths`", "value"],
  [forwarder("{ listen: h:1 }", "all <=> all"), "7:3 missing-key", "`to` is missing", "to:"],
  [forwarder("{ to: c }", HOP, "b -> a"), "7:3 missing-key", "who forwards", "`on: b`"],
  [forwarder("{ listn: h:1, to: c }", HOP, "b -> a"), "7:8 unknown-key", "`listn`", "`listen`"],
];

const VALUES: readonly Row[] = [
  [pair("a: {}", undefined, "10.0.0.5/24"), "1:10 host-bits", "bits", "10.0.0.0/24"],
  [pair("a: {}", undefined, "10.0.0.0"), "1:10 bad-prefix", "not a prefix", "10.0.0.0/32"],
  [pair("a: { address: 10.0.0.1/24 }"), "3:17 bad-address", "not an IP address", "`10.0.0.1`"],
  [pair("a: { address: 10.0.0.300 }"), "3:17 bad-address", "10.0.0.300", "such as"],
  [pair("a: { mtu: 12 }"), "3:13 mtu-range", "12", "from 576"],
  [pair("a: { mtu: big }"), "3:13 mtu-range", "whole number", "from 576"],
  [pair("a: { mtu: 1000 }", undefined, '"fd77::/64"'), "3:13 mtu-range", "IPv6", "1280"],
  [pair("a: {}", 'b: { endpoint: "h:0" }'), "4:21 port-range", "port 0", "from 1 to 65535"],
  [pair("a: {}", "b: { endpoint: h:70000 }"), "4:20 port-range", "70000", "65535"],
  [pair("a: {}", "b: { endpoint: h:x }"), "4:20 port-range", "`x`", "65535"],
  [pair("a: {}", "b: { endpoint: 300.1.1.1 }"), "4:18 bad-host", "IPv4 address", "write"],
  [pair("a: {}", 'b: { endpoint: "[::g]:1" }'), "4:19 bad-host", "IPv6 address", "write"],
  [pair("a: {}", "b: { endpoint: hоst }"), "4:18 bad-host", "U+043E", "write"],
  [pair("a: {}", "b: { endpoint: 0.0.0.0 }"), "4:18 bad-host", "nobody can dial", "public"],
  [
    pair("a: {}", "b: { endpoint: 2001:db8::1:51820 }"),
    "4:18 bad-endpoint",
    "not a host",
    "[2001:db8::1]:51820",
  ],
  [pair("a: { ssh: -oProxyCommand=x }"), "3:13 bad-ssh", "ssh", "user@host"],
  [pair("a: { platform: windows }"), "3:18 wrong-type", "routeros", "tofro schema"],
  [pair("a: { platform: shell, public_key: node }"), "3:18 platform-key", "nobody makes", "public_key"],
  [pair("a: { public_key: abc }"), "3:20 bad-public-key", "public key", "wg pubkey"],
  [pair("a: { interfaces: { b: wg-too-long-for-it } }"), "3:25 bad-interface-name", "18 characters", "15"],
  [pair("a: { interfaces: { b: wg.0 } }"), "3:25 bad-interface-name", "sysctl", "digits"],
  [pair('a: { prefixes: "fd01::/64" }'), "3:19 prefix-family", "no IPv6", "overlay"],
  [pair("a: { interfaces: { b: all } }"), "3:25 bad-interface-name", "taken", "15"],
  [pair("a: { interfaces: { b: w/g } }"), "3:25 bad-interface-name", "wg-quick", "15"],
  [pair("a: { interfaces: { b: { port: 0 } } }"), "3:33 port-range", "port 0", "65535"],
  [network([...ABC, "d e: {}"], ["paths: [all <=> all]"]), "6:3 bad-name", "a space", "ASCII"],
  [network([...ABC, "nоde: {}"], ["paths: [all <=> all]"]), "6:3 bad-name", "U+043E", "`o`"],
  [network([...ABC, "-d: {}"], ["paths: [all <=> all]"]), "6:3 bad-name", "begins with `-`", "digit"],
  [network([...ABC, `${"d".repeat(64)}: {}`], ["paths: [all <=> all]"]), "6:3 bad-name", "64", "63"],
  [network([...ABC, "none: {}"], ["paths: [all <=> all]"]), "6:3 reserved-name", "`none`", "another"],
  [network([...ABC, "A: {}"], ["paths: [all <=> all]"]), "6:3 similar-name", "only in case", "mixed up"],
  [forwarder("{ listen: h, to: c }", HOP, "b -> a"), "7:16 missing-port", "no port", "host:port"],
  [forwarder("{ on: b, port: 0, to: c }", HOP, "b -> a"), "7:21 port-range", "0", "65535"],
  [forwarder("{ listen: h:1, to: c:99999 }", HOP, "b -> a"), "7:27 port-range", "99999", "65535"],
];

const ADDRESSES: readonly Row[] = [
  [pair("a: { address: 10.0.1.1 }"), "3:17 address-outside", "outside the overlay `10.0.0.0/24`", "within"],
  [pair('a: { address: "fd77::1" }'), "3:18 address-outside", "no IPv6", "add an IPv6 prefix"],
  [pair("a: { address: 10.0.0.0 }"), "3:17 reserved-address", "network address", "another"],
  [pair("a: { address: 10.0.0.255 }"), "3:17 reserved-address", "broadcast address", "another"],
  [
    pair('a: { address: "fd77::0" }', undefined, '"fd77::/64"'),
    "3:18 reserved-address",
    "subnet-router anycast",
    "another",
  ],
  [
    pair("a: { address: 10.0.0.9 }", "b: { endpoint: h, address: 10.0.0.9 }"),
    "4:30 duplicate-address",
    "`a` already, on line 3",
    "allocated",
  ],
  [pair("a: { address: [10.0.0.9, 10.0.0.8] }"), "3:28 two-addresses", "two IPv4", "remove"],
  [pair("a: {}", undefined, "127.0.0.0/8"), "1:10 unfit-overlay", "loopback", "private"],
  [pair("a: {}", undefined, "224.1.0.0/16"), "1:10 unfit-overlay", "multicast", "private"],
  [pair("a: {}", undefined, '"fe80::/64"'), "1:11 unfit-overlay", "link-local", "private"],
  [pair("a: {}", undefined, "10.0.0.0/32"), "1:10 overlay-too-small", "1 IPv4 address for 2 nodes", "larger"],
  [
    network(ABC, ["paths: [all <=> all]"], "10.0.0.0/30"),
    "1:10 overlay-too-small",
    "2 IPv4 addresses for 3",
    "larger",
  ],
  [
    pair("a: {}", undefined, "[10.0.0.0/16, 10.0.3.0/24]"),
    "1:24 overlapping-prefixes",
    "overlaps the overlay `10.0.0.0/16`",
    "one place",
  ],
  [
    pair("a: { prefixes: [10.0.0.128/25] }"),
    "3:19 overlapping-prefixes",
    "behind `a` overlaps the overlay",
    "one place",
  ],
  [
    pair("a: { prefixes: 10.1.0.0/16 }", "b: { endpoint: h, prefixes: [10.1.2.0/24] }"),
    "4:32 overlapping-prefixes",
    "behind `a` on line 3",
    "one place",
  ],
  [pair("a: { prefixes: [10.1.0.0/16, 10.1.0.0/16] }"), "3:32 overlapping-prefixes", "the same", "remove"],
  [pair("a: { prefixes: [10.1.0.1/16] }"), "3:19 host-bits", "bits", "10.1.0.0/16"],
  [pair("a: { prefixes: [0.0.0.0/0] }"), "3:19 exit-prefix", "exit node", "exit: true"],
  [pair("a: {}", "b: { endpoint: 10.0.0.7 }"), "4:18 endpoint-in-overlay", "lies in the overlay", "underlay"],
  [
    pair("a: { prefixes: [10.9.0.0/16] }", "b: { endpoint: 10.9.0.7 }"),
    "4:18 endpoint-in-prefix",
    "behind `a`",
    "tunnel",
  ],
  [
    forwarder("{ listen: 10.0.0.9:1, to: c }", HOP, "b -> a"),
    "7:16 endpoint-in-overlay",
    "`10.0.0.9`",
    "underlay",
  ],
];

/** Node a with something on line 3, an exit b on line 4. */
const exit = (
  a: string,
  b = "b: { endpoint: h, exit: true }",
  overlay = '[10.0.0.0/24, "fd00::/64"]',
): string => pair(a, b, overlay);

const EXITS: readonly Row[] = [
  [exit("a: { exit_via: d }"), "3:18 unknown-node", "no node `d`", "add it"],
  [exit("a: { exit_via: a }"), "3:18 exit-to-self", "`a`", "another node"],
  [exit("a: { exit_via: b }", "b: { endpoint: h }"), "3:18 no-exit", "`b` is no exit", "exit: true"],
  [
    exit("a: { exit_via: b }", "b: { endpoint: h, exit: false }"),
    "3:18 no-exit",
    "`b` is no exit",
    "exit: true",
  ],
  [exit("a: { exit: yes }"), "3:14 wrong-type", "`exit` must be `true` or `false`", "schema"],
  [exit("a: { except: 192.0.2.0/24 }"), "3:8 no-exit-via", "`except`", "exit_via"],
  [exit("a: { kill_switch: true }"), "3:8 no-exit-via", "`kill_switch`", "exit_via"],
  [exit("a: { exit_via: b, except: 192.0.2.1 }"), "3:29 bad-prefix", "is not a prefix", "192.0.2.1/32"],
  [
    exit("a: { exit_via: b, except: 10.0.0.0/8 }"),
    "3:29 except-inside",
    "overlaps `10.0.0.0/24` on line 1",
    "uplink",
  ],
  [
    exit("a: { exit_via: b, except: [192.0.2.0/24, 192.0.2.7/32] }"),
    "3:44 overlapping-prefixes",
    "overlaps `192.0.2.0/24`",
    "remove",
  ],
  [exit("a: { dns: 9.9.9.9 }"), "3:8 no-exit-via", "`dns`", "exit_via"],
  [exit("a: { exit_via: b, dns: dns.example }"), "3:26 bad-address", "is not an IP address", "9.9.9.9"],
  [
    exit("a: { exit_via: b, dns: 9.9.9.9/32 }"),
    "3:26 bad-address",
    "is not an IP address",
    "write `9.9.9.9`",
  ],
  [exit("a: { exit_via: b, dns: { x: 1 } }"), "3:26 wrong-type", "`dns` must be an IP address", "quoted"],
  [
    exit('a: { exit_via: b, dns: [9.9.9.9, "2620:fe::fe", 9.9.9.9] }'),
    "3:51 duplicate-resolver",
    "twice",
    "remove",
  ],
  [exit("a: { exit_via: b, dns: 127.0.0.53 }"), "3:26 bad-resolver", "`127.0.0.53`", "internet"],
  [exit('a: { exit_via: b, dns: "fe80::1" }'), "3:27 bad-resolver", "`fe80::1`", "internet"],
  [
    exit('a: { exit_via: b, kill_switch: true, dns: "2620:fe::fe" }', undefined, "10.0.0.0/24"),
    "3:46 resolver-family",
    "no IPv6",
    "overlay",
  ],
  [
    exit("a: { exit_via: b, except: 192.0.2.0/24, dns: 192.0.2.1 }"),
    "3:48 resolver-excepted",
    "`192.0.2.0/24`",
    "take it out",
  ],
  [
    exit("a: { exit_via: b, prefixes: 192.168.1.0/24, dns: 192.168.1.1 }"),
    "3:52 resolver-at-home",
    "this side of the exit",
    "beyond",
  ],
  [
    exit("a: { exit_via: b, address: 10.0.0.7, dns: 10.0.0.7 }"),
    "3:45 resolver-at-home",
    "`a` itself",
    "beyond",
  ],
  [
    exit("a: { exit_via: b, dns: 192.168.1.1 }"),
    "3:26 resolver-private",
    "private address",
    "give that node `prefixes`",
  ],
  [
    network(
      [
        "a: { exit_via: c, dns: 198.51.100.1 }",
        "b: { endpoint: 198.51.100.1 }",
        "c: { endpoint: i, exit: true }",
      ],
      ["paths: [a -> b -> c, c -> a]"],
      '[10.0.0.0/24, "fd00::/64"]',
    ),
    "3:26 resolver-endpoint",
    "endpoint of `b`",
    "overlay address of `b`",
  ],
  [
    network(
      [
        "a: { exit_via: c, dns: 198.51.100.9 }",
        "b: { endpoint: 198.51.100.1, uplinks: { second: { endpoint: 198.51.100.9 } } }",
        "c: { endpoint: i, exit: true }",
      ],
      ['paths: ["a -[second]-> b -> c", c -> a]'],
      '[10.0.0.0/24, "fd00::/64"]',
    ),
    "3:26 resolver-endpoint",
    "endpoint of `b`",
    "overlay address of `b`",
  ],
  [exit("a: { exit_via: b }", undefined, "10.0.0.0/24"), "3:18 exit-family", "IPv6 of `a`", "kill_switch"],
  [
    network(
      ["a: { exit_via: c }", "b: { endpoint: h }", "c: { endpoint: i, exit: true }"],
      ["isolate: true", "paths: [a <-> b, b <-> c]"],
      '[10.0.0.0/24, "fd00::/64"]',
    ),
    "3:18 exit-isolated",
    "no line names the two",
    "a <-> c",
  ],
];

const TUNNELS: readonly Row[] = [
  [
    pair(`a: { public_key: ${KEY} }`, `b: { endpoint: h, public_key: ${KEY} }`),
    "4:33 duplicate-public-key",
    "line 3",
    "own key",
  ],
  [pair("a: { endpoint: H }", "b: { endpoint: h }"), "4:18 same-endpoint", "same endpoint", "first port"],
  [pair("a: { interfaces: { a: wg0 } }"), "3:22 interface-to-self", "itself", "peer"],
  [pair("a: { interfaces: { x: wg0 } }"), "3:22 unknown-name", "`x`", "add it"],
  [
    network(["a: { interfaces: { b: wg0, c: wg0 } }", ...ABC.slice(1)], ["paths: [a <-> b, a <-> c]"]),
    "3:33 duplicate-interface-name",
    "`wg0` already",
    "own",
  ],
  [
    network(
      ["a: { interfaces: { b: { port: 5 }, c: { port: 5 } } }", ...ABC.slice(1)],
      ["paths: [a <-> b, a <-> c]"],
    ),
    "3:49 duplicate-port",
    "port 5",
    "own",
  ],
  [
    network(["a: { interfaces: { c: wg0 } }", ...ABC.slice(1)], ["paths: [a <-> b, b <-> c]"]),
    "3:22 unused-interface",
    "no path uses a tunnel of `a` to `c`",
    "remove",
  ],
  [
    network(["a: {}", "b: { endpoint: h:65535 }", "c: {}"], ["paths: [a <-> b, b <-> c]"]),
    "4:18 port-range",
    "2 ports",
    "smaller",
  ],
  [forwarder("{ listen: h:1, to: d }", HOP, "b -> a"), "7:25 unknown-node", "`d`", "nodes"],
  [
    forwarder("{ listen: h:1, to: a }", HOP, "b -> a"),
    "7:25 forwarder-to-nowhere",
    "`a` has no endpoint",
    "endpoint:",
  ],
  [
    forwarder("{ listen: h:1, to: c }\n  g: { listen: h:1, to: b }", HOP, "a -[g]-> b"),
    "8:16 duplicate-listen",
    "h port 1",
    "rent",
  ],
  [
    forwarder("{ listen: h:1, to: c:7 }\n  g: { listen: h:2, to: c:7 }", HOP, "b -[g]-> c"),
    "8:27 duplicate-port",
    "`h` already",
    "own",
  ],
  [forwarder("{ on: b, listen: h:1, to: c }", HOP, "b -> a"), "7:15 listen-and-on", "both", "provider"],
  [forwarder("{ listen: h:1, port: 7, to: c }", HOP, "b -> a"), "7:21 port-without-on", "`h`", "`on`"],
  [forwarder("{ on: d, to: c }", HOP, "b -> a"), "7:12 unknown-node", "`d`", "nodes"],
  [forwarder("{ on: a, to: c }", "b -[h]-> c", "b -> a"), "7:12 forwarder-on-undialable", "`a`", "endpoint:"],
  [forwarder("{ on: c, to: c }", HOP, "b -> a"), "7:12 forwarder-to-itself", "`c`", "another node"],
  [forwarder("{ on: b, to: c }", "b -[h]-> c", "b -> a"), "9:9 forwarder-on-end", "`b`", "third node"],
  [
    forwarder("{ on: c, to: b }", "a -[h]-> b", "b -> a"),
    "7:19 forwarder-to-name",
    "b.example.net",
    "address",
  ],
  [
    forwarder("{ on: b, port: 7, to: c }\n  g: { on: b, port: 7, to: c }", HOP, "c -[g]-> a"),
    "8:21 duplicate-port",
    "the forwarder `h` already",
    "own",
  ],
  [
    network(
      ["a: {}", "b: { endpoint: h, interfaces: { a: { port: 7 } } }", "c: { endpoint: 203.0.113.2 }"],
      ["forwarders: { h: { on: b, port: 7, to: c } }", "paths:", "  - a -[h]-> c", "  - b <-> a"],
    ),
    "6:33 duplicate-port",
    "the tunnel `a` already",
    "own",
  ],
  [
    network(
      ["a: {}", 'b: { endpoint: "2001:db8::1" }', "c: { endpoint: 203.0.113.2 }"],
      ["forwarders: { h: { on: b, to: c } }", "paths:", "  - a -[h]-> c"],
    ),
    "6:24 forwarder-family",
    "IPv6 and `c` by IPv4",
    "one family",
  ],
  [
    network(
      [
        "a: {}",
        "b: { endpoint: h, exit_via: c, kill_switch: true }",
        "c: { endpoint: 203.0.113.2, exit: true }",
      ],
      ["forwarders: { h: { on: b, to: c } }", "paths:", "  - a -[h]-> c", "  - b <-> c"],
    ),
    "6:24 forwarder-on-leaving",
    "exit_via",
    "own uplink",
  ],
  [
    network(
      ["a: {}", "b: { endpoint: h:65535 }", "c: { endpoint: 203.0.113.2 }"],
      ["forwarders: { h: { on: b, to: c } }", "paths:", "  - a -[h]-> c", "  - a <-> b"],
    ),
    "4:18 port-range",
    "2 ports",
    "smaller",
  ],
  [forwarder("{ on: b, to: c }", "a -> c", "b -> a"), "7:3 unused-forwarder", "no path uses", "`a -[h]-> c`"],
  [forwarder("{ listen: h:1, to: c }", "all <=> all"), "7:3 unused-forwarder", "no path uses", "`via`"],
  [forwarder("{ listen: h:1, to: c }", "a -> b -> c"), "7:3 unused-forwarder", "no path uses", "remove"],
  [
    forwarder("{ listen: h:1, to: c }\n  a: { listen: h:2, to: c }", HOP, "a -> b"),
    "8:3 duplicate-name",
    "node already",
    "rename",
  ],
];

const PATHS: readonly Row[] = [
  [paths("a -> bb -> c", "c -> a"), "7:10 unknown-node", "`bb`", "did you mean `b`?"],
  [paths("a -> x", "c -> x", "b -> a"), "7:10 unknown-node", "and on 1 more line", "nodes"],
  [paths("a -[b]-> c"), "7:9 unknown-forwarder", "`b` is a node", "a -> b -> b"],
  [
    forwarder("{ listen: h:1, to: c }", "a -> h -> c", "b -> a"),
    "9:10 unknown-node",
    "`h` is a forwarder",
    "-[h]->",
  ],
  [paths("a -> all -> c", "b -> a"), "7:10 misplaced-all", "`all`", "ends"],
  [paths("a -> a", "all <=> all"), "7:10 same-ends", "itself", "different"],
  [paths("a -> b -> a", "all <=> all"), "7:15 visits-twice", "`a` twice", "at most once"],
  [
    network([...ABC, "d: {}"], ["paths:", "  - a -> d", "  - d -> a", "  - all <=> all"]),
    "8:10 undialable-hop",
    "neither `a` nor `d`",
    "endpoint:",
  ],
  [
    network([...ABC, "d: {}"], ["paths:", "  - { path: a => d, max_hops: 1 }", "  - all => b"]),
    "8:13 no-candidate",
    "no path from `a` to `d`",
    "max_hops",
  ],
  [
    network([...ABC, "d: {}"], ["paths:", "  - { path: a => d, avoid: [b, c] }", "  - all => b"]),
    "8:13 no-candidate",
    "possible",
    "avoid",
  ],
  [paths("a -> b -> c", "a -> c"), "8:5 conflicting-paths", "`a -> b -> c` on line 7", "keep one"],
  [paths("a <-> c", "c -> b -> a"), "8:5 conflicting-paths", "`c` reaches `a`", "keep one"],
  [paths("a => all", "{ path: a => all, avoid: [b] }"), "8:13 conflicting-paths", "line 7", "keep one"],
  [
    paths("a => all", "{ path: all => c, max_hops: 2 }"),
    "8:13 conflicting-paths",
    "`a` reaches `c`",
    "`a => c`",
  ],
  [
    forwarder("{ listen: h:1, to: c }", "a -[h]-> b", "c -> a"),
    "9:9 forwarder-elsewhere",
    "forwards to `c`",
    "must be `c`",
  ],
  [
    forwarder("{ listen: h:1, to: c }", "a -[h]-> c", "b -[h]-> c"),
    "10:9 forwarder-two-tunnels",
    "`a` and `c` already, on line 9",
    "rent another",
  ],
  [
    forwarder("{ listen: h:1, to: c }", "all -[h]-> c"),
    "9:11 forwarder-with-all",
    "one tunnel",
    "both nodes",
  ],
  [paths("all <=> all", "{ path: a -> c, avoid: [b] }"), "8:21 option-on-pinned", "`avoid`", "measured"],
  [paths("all <=> all", "{ path: a => c, via: [a] }"), "8:27 option-names-end", "`a`, an end", "in between"],
  [
    paths("all <=> all", "{ path: a => c, via: [b], avoid: b }"),
    "8:27 avoid-and-via",
    "both name `b`",
    "keep one",
  ],
  [paths("all <=> all", "{ path: a => c, avoid: [q] }"), "8:29 unknown-name", "`q`", "add it"],
  [paths("all <=> all", "{ path: a => c, max_hops: 0 }"), "8:31 max-hops-range", "0", "from 1"],
  [paths("all <=> all", "{ path: a -> c, backup: a => c }"), "8:29 bad-backup", "pinned", "backup: none"],
  [paths("all <=> all", "{ path: a -> c, backup: a -> b }"), "8:29 bad-backup", "other ends", "`a` to `c`"],
  [paths("all <=> all", "{ path: a -> c, backup: a -> c }"), "8:29 bad-backup", "itself", "another way"],
  [
    paths("all <=> all", "{ path: a <-> c, backup: a -> b -> c }"),
    "8:30 bad-backup",
    "one direction",
    "of its own",
  ],
  [paths("{ path: all <=> all, backup: a -> b }"), "7:34 bad-backup", "`all`", "none"],
  [paths("all <=> all", "{ path: a -> c, backup: nöne }"), "8:30 odd-character", "U+00F6", "ASCII"],
  [paths("a -> b", "b -> a"), "5:3 unused-node", "`c` is in no path", "all <=> all"],
  [paths("a → b", "b -> a"), "7:7 odd-character", "U+2192", "`->`"],
  [paths("'a -> x'", "all <=> all"), "7:11 unknown-node", "`x`", "nodes"],
  [paths('"a \\x2d> x"', "all <=> all"), "7:5 unknown-node", "`x`", "nodes"],
];

/** An uplink of a and one of c; lines begin on line 9, column 5. */
const multihomed = (a: string, c: string, ...lines: string[]): string =>
  network(
    [
      "a:",
      `  uplinks: { ${a} }`,
      "b: { endpoint: b.example.net }",
      `c: { endpoint: 203.0.113.2, uplinks: { ${c} } }`,
    ],
    ["paths:", ...lines.map((line) => `  - ${line}`)],
  );
const LTE = "lte: { table: 102 }";
const V6 = 'v6: { endpoint: "2001:db8::2" }';
const ALL_OVER = ["a -[lte]-> c", "c -[v6]-> a"];

const UPLINKS: readonly Row[] = [
  [multihomed("lte: {}", V6, "a -[v6]-> c", "all <=> all"), "4:16 empty-uplink", "`lte`", "table"],
  [multihomed("lte:", V6, "a -[v6]-> c", "all <=> all"), "4:21 wrong-type", "`lte` is empty", "table"],
  [multihomed("lte: { table: 0 }", V6, ...ALL_OVER, "b <-> c"), "4:30 table-range", "0", "to 9999"],
  [multihomed("lte: { table: 254 }", V6, ...ALL_OVER, "b <-> c"), "4:30 table-range", "`main`", "no other"],
  [multihomed("lte: { table: lte }", V6, ...ALL_OVER, "b <-> c"), "4:30 table-range", "not a whole", "1"],
  [multihomed("b: { table: 102 }", V6, "a <-> c", "b <-> c"), "4:16 duplicate-name", "a node", "rename"],
  [
    multihomed(LTE, "v6: { endpoint: '[2001:db8::2]:9' }", ...ALL_OVER, "b <-> c"),
    "6:59 uplink-port",
    "9",
    '"2001:db8::2"',
  ],
  [
    multihomed(LTE, "v4: { endpoint: 203.0.113.2 }", "a -[lte]-> c", "c -[v4]-> a", "b <-> c"),
    "6:58 same-uplink",
    "203.0.113.2",
    "dial",
  ],
  [
    multihomed(`${LTE}, dsl: { table: 102 }`, V6, ...ALL_OVER, "a -[dsl]-> b"),
    "4:51 same-uplink",
    "`lte`",
    "table",
  ],
  [
    multihomed(LTE, 'v6: { endpoint: "10.0.0.9" }', ...ALL_OVER, "b <-> c"),
    "6:59 endpoint-in-overlay",
    "10.0.0.9",
    "change",
  ],
  [
    multihomed(LTE, V6, ...ALL_OVER, "b -[lte]-> c"),
    "10:9 uplink-elsewhere",
    "neither `b` nor `c`",
    "beside",
  ],
  [multihomed(LTE, V6, ...ALL_OVER, "b -[let]-> c"), "10:9 unknown-forwarder", "`let`", "`lte`"],
  [
    network(
      ["a: { uplinks: { lte: { table: 2 } } }", "b: {}", "c: { endpoint: h }"],
      ["paths:", "  - a -[lte]-> b", "  - all <=> all"],
    ),
    "7:9 undialable-hop",
    "over `lte`",
    "endpoint:",
  ],
  [multihomed(LTE, V6, ...ALL_OVER, "all -[v6]-> c"), "10:11 uplink-with-all", "`v6`", "both nodes"],
  [
    multihomed(LTE, V6, ...ALL_OVER, "{ path: b => c, via: [v6] }"),
    "10:27 unknown-name",
    "an uplink",
    "avoid",
  ],
  [multihomed(LTE, V6, "a <=> c", "b -> v6 -> c"), "9:10 unknown-node", "an uplink", "-[v6]->"],
  [multihomed(LTE, V6, "a -> c", "b <-> c", "c -[v6]-> a"), "4:16 unused-uplink", "`lte`", "-[lte]->"],
  [
    network(
      ["a: { uplinks: { lte: { table: 2 } }, platform: routeros }", ...ABC.slice(1)],
      ["paths:", "  - a -[lte]-> b", "  - b <-> c"],
    ),
    "3:33 uplink-platform",
    "RouterOS",
    "endpoint:",
  ],
  [
    network(["a: { interfaces: { c/lte: wg0 } }", ...ABC.slice(1)], ["paths:", "  - all <=> all"]),
    "3:22 unknown-uplink",
    "`c/lte`",
    "peer/uplink",
  ],
];

describe.each([
  ["YAML", YAML],
  ["shape", SHAPE],
  ["values", VALUES],
  ["addresses", ADDRESSES],
  ["exits", EXITS],
  ["uplinks", UPLINKS],
  ["tunnels", TUNNELS],
  ["paths", PATHS],
])("one mistake, one diagnostic: %s", (_, rows) => {
  it.each(rows)("%j", (text, where, message, hint) => {
    const { spec, diagnostics } = parse(text, "t.yaml");
    expect(diagnostics.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual([where]);
    expect(diagnostics[0]!.message).toContain(message);
    expect(diagnostics[0]!.hint).toContain(hint);
    expect(spec === undefined).toBe(diagnostics[0]!.severity === "error");
  });
});

describe("many mistakes", () => {
  it("come all at once, in the file's order", () => {
    const text = `overlay: 10.0.0.0/30
nodes:
  a: { uplinks: 1, adress: 1.2.3.4, address: 10.0.0.0, mtu: 12 }
  b: 5
  all: {}
forwarders:
  f: { listen: h:0 }
paths:
  - { path: a -[f]-> b }
  - a -> q => b
  - b -> q
`;
    expect(found(text)).toEqual([
      "1:10 overlay-too-small",
      "3:17 wrong-type",
      "3:20 unknown-key",
      "3:46 reserved-address",
      "3:61 mtu-range",
      "4:6 wrong-type",
      "5:3 reserved-name",
      "7:3 missing-key",
      "7:18 port-range",
      "9:13 yaml-quote",
      "10:12 mixed-arrows",
      "11:10 unknown-node",
    ]);
  });
});

/** Every position lies within the text, and a Spec comes exactly when there is no error. */
function inside(text: string): void {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const { spec, diagnostics } = parse(text, "t.yaml");
  for (const { at, message, hint } of diagnostics) {
    expect(at.line).toBeGreaterThanOrEqual(1);
    expect(at.line).toBeLessThanOrEqual(lines.length);
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.column).toBeLessThanOrEqual(lines[at.line - 1]!.length + 1);
    // oxlint-disable-next-line no-control-regex -- what must not reach a terminal
    expect(`${message}${hint}`).not.toMatch(/[\u0000-\u001f]/);
  }
  expect(spec === undefined).toBe(diagnostics.some((each) => each.severity === "error"));
}

describe("any text", () => {
  it("is read without throwing, and every position lies within it", () => {
    const pieces = [
      "a",
      "b",
      ": ",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "->",
      "=>",
      "&x ",
      "*x",
      "overlay",
      "nodes",
      "paths",
      '"',
      "'",
      "#",
      "|",
      "\t",
      "::",
      ",",
      "? ",
    ];
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), inside));
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 60 }), inside), {
      numRuns: 1000,
    });
  });

  it("that was a good file before it was mutated is read, too", () => {
    const rows = [...VALUES, ...ADDRESSES, ...EXITS, ...TUNNELS, ...PATHS].map(([text]) => text);
    const source = fc.constantFrom(...EXAMPLES.map((each) => each.text), ...rows);
    const cut = fc.tuple(
      fc.nat(),
      fc.nat(4),
      fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom("::", "-[", "{", "}", "\t", "→", "*a", "&a ")),
    );
    const mutated = fc.tuple(source, fc.array(cut, { minLength: 1, maxLength: 4 })).map(([text, cuts]) =>
      cuts.reduce((now, [place, length, insert]) => {
        const at = place % (now.length + 1);
        return now.slice(0, at) + insert + now.slice(at + length);
      }, text),
    );
    fc.assert(fc.property(mutated, inside), { numRuns: 2000 });
  });

  it("that is built to hurt is refused quickly", () => {
    const bomb = [
      "a: &a0 [x,x,x,x,x,x,x,x,x]",
      ...Array.from({ length: 9 }, (_, i) => `b${i}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`),
    ];
    const started = performance.now();
    expect(found(bomb.join("\n"))).toContain("4:10 yaml-alias-limit");
    expect(found("a: &a [*a]\n")).toContain("1:8 yaml-alias");
    expect(found("[".repeat(100_000))).toEqual(["1:1 yaml-depth"]);
    expect(found("{a: ".repeat(50_000))).toEqual(["1:1 yaml-depth"]);
    inside(`nodes:\n${Array.from({ length: 20_000 }, (_, i) => `  n${i}:\n`).join("")}`);
    inside(paths(...Array.from({ length: 200 }, (_, i) => `{ path: a -[f${i}]-> c }`)));
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("of 1,000 nodes and 10,000 lines is read in well under a second", () => {
    const nodes = Array.from(
      { length: 1000 },
      (_, i) =>
        `n${i}: { endpoint: 198.18.${i >> 8}.${i & 255}, prefixes: [172.16.${i >> 6}.${(i & 63) * 4}/30] }`,
    );
    const lines = Array.from(
      { length: 10_000 },
      (_, i) =>
        `  - n${i % 1000} -> n${(i * 7 + 1) % 1000 === i % 1000 ? 0 : 999 - (i % 1000)} -> n${(i + 1 + Math.floor(i / 1000)) % 1000}`,
    );
    const text = network(nodes, ["paths:", ...lines], "10.0.0.0/16");
    parse(text, "t.yaml");
    const started = performance.now();
    const { diagnostics } = parse(text, "t.yaml");
    const elapsedMs = performance.now() - started;
    expect(diagnostics.filter((each) => !["visits-twice", "same-ends"].includes(each.code))).toEqual([]);
    expect(elapsedMs).toBeLessThan(2000);
  });
});
