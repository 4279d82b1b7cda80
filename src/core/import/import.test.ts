import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EXAMPLES,
  exported,
  HANDMADE,
  importOf,
  KEYS,
  pathsOf,
  read,
  secretsFor,
} from "../../../test/support/imports.ts";
import { randomNetwork } from "../../../test/support/random-network.ts";
import { generatePrivateKey, generatePresharedKey, publicKeyOf } from "../../files/keys.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { lint } from "./findings.ts";
import { networkFrom } from "./network.ts";
import type { FoundFolder } from "./read.ts";

function lintOf(folders: readonly FoundFolder[]): string[] {
  const { machines, matched, directions, diagnostics } = read(folders);
  expect(diagnostics).toEqual([]);
  return lint(machines, matched, directions).map(({ code, at }) => `${at.file}:${at.line} ${code}`);
}

describe("the handmade example", () => {
  it("is a -> b -> c, with its three faults and what follows from them", () => {
    const { directions: ways } = read(HANDMADE);
    const there = ways.find(({ from, to }) => from.name === "a" && to.name === "c")!;
    expect(there.walk.hops.map((hop) => hop.to.machine.name)).toEqual(["b", "c"]);
    const found = lintOf(HANDMADE);
    // a's address is of another network; c has no route back to it; any source may come by any tunnel.
    expect(found).toContain("a/routes.sh:2 address-apart");
    expect(found).toContain("c/routes.sh:2 no-way-back");
    expect(found.filter((each) => each.endsWith("any-source"))).toHaveLength(6);
    // Answers come all the same, as packets carry a tunnel's address.
    expect(found).toContain("a/routes.sh:4 other-source");
  });

  it("becomes a network that goes there by b and back directly, with its names, ports and keys", () => {
    const { imported, spec, secrets } = importOf(HANDMADE);
    expect(imported.left).toEqual([]);
    expect(spec.paths.map(({ text }) => text)).toEqual(
      expect.arrayContaining(["a -> b -> c", "c -> a"]) as string[],
    );
    const plan = compile(spec);
    expect(pathsOf(plan)).toContain("a c: a b c");
    expect(pathsOf(plan)).toContain("c a: c a");
    expect(plan.states[0]!.interfaces.map(({ name, listenPort }) => [name, listenPort])).toEqual([
      ["ab", 27_000],
      ["ac", 27_001],
    ]);
    expect([...secrets.privateKeys.values()].sort()).toEqual([...new Set(KEYS)].sort());
  });
});

describe("import", () => {
  it.each(["three-nodes", "port-forward", "five-nodes"])(
    "of what %s exports is the same network, again and again",
    (name) => {
      const text = readFileSync(join(EXAMPLES, name, "tofro.yaml"), "utf8");
      const first = exported(text, secretsFor);
      const one = importOf(first.folders);
      expect(pathsOf(compile(one.spec))).toEqual(pathsOf(first.plan));
      const second = exported(one.imported.text, () => one.secrets);
      const two = importOf(second.folders);
      expect(two.imported.text).toBe(one.imported.text);
      expect(two.secrets).toEqual(one.secrets);
      // What tofro writes is sound; behind which port forward a port lies no file says.
      expect(lintOf(first.folders).filter((each) => !each.endsWith("other-port"))).toEqual([]);
    },
  );

  it("of what random networks export has the same paths", () => {
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 2, max: 8 }, rich: false }), ({ text }) => {
        const { plan, folders } = exported(text, secretsFor);
        const { spec } = importOf(folders);
        const again = new Set(pathsOf(compile(spec)));
        // Of pairs that the files have no route for both sides are free.
        for (const path of pathsOf(plan)) expect(again).toContain(path);
        expect(lintOf(folders)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("lint", () => {
  const [x, y] = [generatePrivateKey(), generatePrivateKey()];
  const file = (own: string, peer: string, lines: { own?: string; peer?: string } = {}): string =>
    `[Interface]\nPrivateKey = ${own}\nTable = off\n${lines.own ?? ""}\n[Peer]\nPublicKey = ${publicKeyOf(peer)}\n${lines.peer ?? ""}\n`;
  const A = {
    own: "Address = 10.0.0.1/32\nListenPort = 1000\nPostUp = ip route add 10.0.0.2 dev %i src 10.0.0.1",
    peer: "AllowedIPs = 10.0.0.2/32\nEndpoint = 198.51.100.2:2000\nPersistentKeepalive = 25",
  };
  const B = {
    own: "Address = 10.0.0.2/32\nListenPort = 2000\nPostUp = ip route add 10.0.0.1 dev %i src 10.0.0.2",
    peer: "AllowedIPs = 10.0.0.1/32",
  };
  const both = (a: string, b: string): FoundFolder[] => [
    { path: "a", name: "a", files: [{ path: "a/ab.conf", text: a }] },
    { path: "b", name: "b", files: [{ path: "b/ba.conf", text: b }] },
  ];
  const sound = both(file(x, y, A), file(y, x, B));

  it("has nothing to say of a sound pair", () => expect(lintOf(sound)).toEqual([]));

  it.each<[string, FoundFolder[], string[]]>([
    [
      "no way back",
      both(file(x, y, A), file(y, x, { ...B, own: B.own.replace(/PostUp.*/, "") })),
      ["b/ba.conf:4 no-way-back"],
    ],
    [
      "no keepalive",
      both(file(x, y, { ...A, peer: A.peer.replace(/Persistent.*/, "") }), file(y, x, B)),
      ["a/ab.conf:7 no-keepalive"],
    ],
    [
      "a port where nobody listens",
      both(file(x, y, A), file(y, x, { ...B, own: B.own.replace("2000", "2001") })),
      ["a/ab.conf:10 other-port"],
    ],
    [
      "a port of chance",
      both(file(x, y, A), file(y, x, { ...B, own: B.own.replace(/ListenPort.*\n/, "") })),
      ["a/ab.conf:10 no-listen-port"],
    ],
    [
      "a key that nobody has",
      both(file(x, generatePrivateKey(), A), file(y, x, B)),
      ["a/ab.conf:8 unknown-key", "b/ba.conf:8 unanswered"],
    ],
    [
      "all of the machine's traffic",
      both(
        file(x, y, { ...A, peer: A.peer.replace("10.0.0.2/32", "0.0.0.0/0") }).replace("Table = off\n", ""),
        file(y, x, B),
      ),
      ["a/ab.conf:8 default-route"],
    ],
    [
      "another source",
      both(
        file(x, y, {
          ...A,
          own: A.own.replace(" src 10.0.0.1", "").replace("10.0.0.1/32", "169.254.0.1/32, 10.0.0.1/32"),
        }),
        file(y, x, B),
      ),
      ["a/ab.conf:6 other-source"],
    ],
    [
      "a source that is not let in",
      both(file(x, y, A), file(y, x, { ...B, peer: "AllowedIPs = 10.0.0.9/32" })),
      ["b/ba.conf:6 no-way-back", "b/ba.conf:7 source-refused"],
    ],
    [
      "two MTUs",
      both(file(x, y, { ...A, own: `${A.own}\nMTU = 1400` }), file(y, x, B)),
      ["b/ba.conf:7 mtu-differs"],
    ],
    [
      "too narrow for IPv6",
      both(
        file(x, y, { ...A, own: `${A.own}\nMTU = 1200` }),
        file(y, x, { ...B, own: `${B.own}\nMTU = 1200` }),
      ),
      ["a/ab.conf:7 small-mtu", "b/ba.conf:7 small-mtu"],
    ],
    [
      "an endpoint inside",
      both(
        file(x, y, { ...A, own: `${A.own}\nPostUp = ip route add 198.51.100.0/24 dev %i` }),
        file(y, x, B),
      ),
      ["a/ab.conf:11 endpoint-loop"],
    ],
    [
      "different preshared keys",
      both(file(x, y, { ...A, peer: `${A.peer}\nPresharedKey = ${generatePresharedKey()}` }), file(y, x, B)),
      ["b/ba.conf:7 preshared-keys-differ"],
    ],
    [
      "nobody who dials",
      both(file(x, y, { ...A, peer: "AllowedIPs = 10.0.0.2/32" }), file(y, x, B)),
      ["b/ba.conf:7 nobody-dials"],
    ],
  ])("finds %s", (_, folders, expected) => expect(lintOf(folders)).toEqual(expected));
});

describe("hostile files", () => {
  it("are reported with their place, never with a key, and never make it fall", () => {
    const texts = HANDMADE.flatMap(({ files }) => files.map(({ text }) => text));
    const bits = fc.constantFrom(
      "[Peer]\n",
      "[Interface]\n",
      "\0",
      "\uFEFF",
      "\r\n",
      "=",
      "#",
      ",,",
      "PrivateKey = x\n",
      "AllowedIPs = ::/0\n",
      "ip route add",
      "ip addr add 1.2.3.4 dev",
      "\\\n",
      "9".repeat(400),
      "🦊",
      "PostUp = ip rule add from all lookup 9\n",
    );
    const mutated = fc
      .tuple(
        fc.constantFrom(...texts),
        fc.array(fc.tuple(fc.nat(), fc.nat(40), fc.oneof(bits, fc.string())), { maxLength: 8 }),
      )
      .map(([text, cuts]) =>
        cuts.reduce((all, [at, length, put]) => {
          const place = at % (all.length + 1);
          return all.slice(0, place) + put + all.slice(place + length);
        }, text),
      );
    let refused = 0;
    fc.assert(
      fc.property(fc.array(mutated, { minLength: 1, maxLength: 3 }), fc.boolean(), (files, isScript) => {
        const folders = files.map((text, index) => ({
          path: `m${index}`,
          name: `m${index}`,
          files: [{ path: `m${index}/wg${index}.${isScript && index === 0 ? "sh" : "conf"}`, text }],
        }));
        const found = read(folders);
        const said = JSON.stringify([
          found.diagnostics,
          lint(found.machines, found.matched, found.directions),
        ]);
        for (const key of KEYS) expect(said).not.toContain(key);
        for (const { at, hint } of found.diagnostics) {
          expect(at.line).toBeGreaterThan(0);
          expect(hint).not.toBe("");
        }
        if (found.diagnostics.length > 0) refused++;
        else parse(networkFrom(found.machines, found.matched, found.directions).text, "tofro.yaml");
      }),
      { numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});
