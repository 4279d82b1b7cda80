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
import { outputsOn, type MachineOutputs } from "../../../test/support/machine-outputs.ts";
import { randomNetwork } from "../../../test/support/random-network.ts";
import { publicKeyOf } from "../../files/keys.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { lint } from "./findings.ts";
import { networkFrom } from "./network.ts";
import type { FoundFile, FoundFolder } from "./read.ts";

type Saved = (outputs: MachineOutputs) => Record<string, string>;

/** Its outputs in the place of its files. */
const savedOf = (folder: FoundFolder, saved: Saved): FoundFolder => ({
  ...folder,
  files: Object.entries(saved(outputsOn(folder))).map(([file, text]) => ({
    path: `${folder.name}/${file}`,
    text,
  })),
});

const HUMAN: Saved = ({ dump, addresses, routes, rules }) => ({ wg: dump, addresses, routes, rules });

describe("outputs of the handmade example", () => {
  const ofFiles = importOf(HANDMADE);

  it.each<[string, Saved]>([
    ["as people read them", HUMAN],
    [
      "one after the other in one file",
      ({ dump, addresses, routes, rules }) => ({ "all.txt": dump + addresses + routes + rules }),
    ],
    [
      "with -o",
      ({ dump, addressesOneLine, routes }) => ({ "wg.dump": dump, addr: addressesOneLine, routes }),
    ],
    [
      "as JSON",
      ({ dump, addressesJson, routesJson, rulesJson }) => ({
        wg: dump,
        json: addressesJson + routesJson + rulesJson,
      }),
    ],
    [
      "as JSON for people",
      ({ dump, addressesJson, routesJson }) => ({
        wg: dump,
        addresses: JSON.stringify(JSON.parse(addressesJson), undefined, 4),
        routes: JSON.stringify(JSON.parse(routesJson), undefined, 4),
      }),
    ],
    [
      "by wg showconf, as .conf",
      ({ showconf, addresses, routes }) => ({
        ...Object.fromEntries(Array.from(showconf, ([name, text]) => [`${name}.conf`, text])),
        addresses,
        routes,
      }),
    ],
    [
      "by wg showconf, called as the interface",
      ({ showconf, addresses, routes }) => ({
        ...Object.fromEntries(showconf),
        addresses,
        "routes.txt": routes,
      }),
    ],
  ])("%s are the same network with the same keys", (_, saved) => {
    const {
      imported: { text, left },
      secrets,
    } = importOf(HANDMADE.map((each) => savedOf(each, saved)));
    expect(text).toBe(ofFiles.imported.text);
    expect(secrets).toEqual(ofFiles.secrets);
    // What one that does not dial has seen of a NAT.
    expect(left.map((each) => each.replace(/ \(.*/, ""))).toEqual([
      "b: the endpoint 203.0.113.77:40001 of ba, learnt from packets",
      "c: the endpoint 203.0.113.77:40001 of ca, learnt from packets",
    ]);
  });

  it("have the same faults, each at its place in an output", () => {
    const found = importOf(HANDMADE.map((each) => savedOf(each, HUMAN))).findings;
    expect(found.map(({ code }) => code).sort()).toEqual(ofFiles.findings.map(({ code }) => code).sort());
    expect(found.find(({ code }) => code === "address-apart")?.at).toEqual({
      file: "a/addresses",
      line: 15,
      column: 5,
    });
    expect(found.find(({ code }) => code === "other-source")?.at).toMatchObject({
      file: "a/routes",
      line: 9,
    });
  });

  it("beside the files are the same network, and nothing is told twice", () => {
    const both = HANDMADE.map((each) => ({ ...each, files: [...each.files, ...savedOf(each, HUMAN).files] }));
    const {
      imported: { text, left },
      secrets,
      findings: found,
    } = importOf(both);
    expect({ text, left, secrets }).toEqual({
      text: ofFiles.imported.text,
      left: [],
      secrets: ofFiles.secrets,
    });
    expect(found.map(({ code }) => code)).toEqual(ofFiles.findings.map(({ code }) => code));
  });

  it("without keys make nodes that keep theirs, and a note", () => {
    const shown: Saved = ({ show, addresses, routes }) => ({ "wg.txt": show, addresses, routes });
    const {
      imported: { text, left },
      secrets,
    } = importOf(HANDMADE.map((each) => savedOf(each, shown)));
    const keys = [...new Set(KEYS)].map(publicKeyOf);
    expect([...text.matchAll(/public_key: (\S+)/g)].map(([, key]) => key)).toEqual(keys);
    expect(text.replace(/ *public_key: .*\n/g, "")).toBe(ofFiles.imported.text);
    expect(secrets.privateKeys.size).toBe(0);
    expect(left).toContain(
      "a: its private key, which no file shows (a/wg.txt:2): put it into /etc/tofro/private.key there, or save `wg show all dump`",
    );
  });
});

describe("outputs of what tofro exports", () => {
  const written = (folder: FoundFolder): FoundFolder => savedOf(folder, HUMAN);

  it.each(["three-nodes", "port-forward", "five-nodes"])("%s: the same network, again and again", (name) => {
    const first = exported(readFileSync(join(EXAMPLES, name, "tofro.yaml"), "utf8"), secretsFor);
    const one = importOf(first.folders.map(written));
    expect(one.imported.text).toBe(importOf(first.folders).imported.text);
    expect(pathsOf(compile(one.spec))).toEqual(pathsOf(first.plan));
    const two = importOf(exported(one.imported.text, () => one.secrets).folders.map(written));
    expect({ text: two.imported.text, secrets: two.secrets }).toEqual({
      text: one.imported.text,
      secrets: one.secrets,
    });
  });

  it("random networks: what their files are", () => {
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 2, max: 6 }, rich: false }), ({ text }) => {
        const { folders } = exported(text, secretsFor);
        const json = folders.map((each) =>
          savedOf(each, ({ dump, addressesJson, routesJson, rulesJson }) => ({
            dump,
            json: addressesJson + routesJson + rulesJson,
          })),
        );
        const { imported, secrets } = importOf(folders);
        for (const outputs of [folders.map(written), json]) {
          const found = importOf(outputs);
          expect({ text: found.imported.text, secrets: found.secrets }).toEqual({
            text: imported.text,
            secrets,
          });
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("one machine's output that hides keys", () => {
  it("goes with another's files: the preshared key is theirs", () => {
    const psk = "q4ANsBQKaGCHTLMFNe7Bd3i2gMbNLJyWwbrFlRUJiDw=";
    const keyed = HANDMADE.map((each) => ({
      ...each,
      files: each.files.map(({ path, text }) => ({
        path,
        text: /[ab]\/(ab|ba)\.conf/.test(path) ? `${text}\nPresharedKey = ${psk}\n` : text,
      })),
    }));
    const [a, ...others] = keyed;
    const saved = savedOf(a!, ({ show, addresses, routes }) => ({ show, addresses, routes }));
    const { secrets, findings: found } = importOf([saved, ...others]);
    expect([...secrets.presharedKeys.values()]).toEqual([psk]);
    expect(found.map(({ code }) => code)).not.toContain("preshared-keys-differ");
  });
});

describe("files that are not live", () => {
  const change = (folder: FoundFolder, from: string | RegExp, to: string): FoundFolder => ({
    ...folder,
    files: folder.files.map(({ path, text }) => ({ path, text: text.replace(from, to) })),
  });
  const withOutputs = (folder: FoundFolder, files: FoundFolder): FoundFolder => ({
    ...folder,
    files: [...files.files, ...savedOf(folder, HUMAN).files],
  });
  const [a, b, c] = HANDMADE as [FoundFolder, FoundFolder, FoundFolder];

  it.each<[string, FoundFolder, string, string]>([
    ["port", change(b, "27000", "27005"), "b/ba.conf:3", "ba listens on 27000, not on 27005"],
    [
      "route",
      change(b, "51.2/32 dev bc", "51.9/32 dev bc"),
      "b/routes.sh:4",
      "the route to 192.168.51.9/32 by bc is not there",
    ],
    [
      "way",
      change(b, "dev bc", "dev ba"),
      "b/routes.sh:4",
      "the route to 192.168.51.2/32 by ba is not there: it goes by bc",
    ],
    [
      "source",
      change(b, "dev bc", "dev bc src 192.168.51.1"),
      "b/routes.sh:4",
      "the route to 192.168.51.2/32 by bc has no src",
    ],
    ["address", change(b, "51.1/32", "51.7/32"), "b/routes.sh:2", "dummy has no address 192.168.51.7"],
    [
      "network",
      change(b, "51.1/32", "51.1/24"),
      "b/routes.sh:2",
      "dummy has 192.168.51.1 with the network 192.168.51.1/32, not 192.168.51.0/24",
    ],
    [
      "allowed IPs",
      change(b, "0.0.0.0/0", "192.168.50.0/24"),
      "b/ba.conf:10",
      "the peer of ba has the allowed IPs 0.0.0.0/0",
    ],
    [
      "MTU",
      change(b, "Table = off", "Table = off\nMTU = 1380"),
      "b/ba.conf:7",
      "ba has an MTU of 1420, not of 1380",
    ],
    ["peer", change(b, "DuYO", "EuYO"), "b/ba.conf:8", "ba has no such peer"],
    ["key", change(b, "QOHh", "QPHh"), "b/ba.conf:2", "ba has another private key than its file says"],
    [
      "rule",
      { ...b, files: [...b.files, { path: "b/rules.sh", text: "ip rule add iif ba lookup 7\n" }] },
      "b/rules.sh:1",
      "the rule iif ba to table 7 is not there",
    ],
  ])("%s: lint says so, and the network is the live one", (_, changed, place, message) => {
    const {
      imported: { text, left },
      secrets,
      findings: found,
    } = importOf([a, withOutputs(b, changed), c]);
    const told = found.filter(({ code }) => code === "not-live");
    expect(told.map((each) => `${each.at.file}:${each.at.line} ${each.message}`)).toContain(
      `${place} ${message}`,
    );
    expect(left.join("\n")).toContain(message);
    const live = importOf(HANDMADE);
    expect({ text, secrets }).toEqual({ text: live.imported.text, secrets: live.secrets });
  });

  it("an interface that is not up stays as its file says", () => {
    const files = withOutputs(b, b).files.map(({ path, text }): FoundFile => {
      const isSeen = !path.includes(".");
      return { path, text: isSeen ? text.replace(/^(bc\t|\d+: bc|.* dev bc ).*\n(?: .*\n)*/gm, "") : text };
    });
    const {
      imported: { text },
      findings: found,
    } = importOf([a, { ...b, files }, c]);
    expect(text).toBe(importOf(HANDMADE).imported.text);
    expect(found.filter(({ code }) => code === "not-live").map(({ message }) => message)).toEqual([
      "bc is not up",
    ]);
  });
});

describe("hostile outputs", () => {
  it("are reported with their place, never with a key, and never make it fall", () => {
    const texts = HANDMADE.flatMap((each): string[] => {
      const { showconf, ...all } = outputsOn(each);
      return [...Object.values(all), ...showconf.values()];
    });
    const bits = fc.constantFrom(
      "\t",
      "\n",
      "\0",
      "\r\n",
      "\uFEFF",
      "(none)",
      "(hidden)",
      "ab\t",
      "interface: x\n",
      "peer: y\n",
      "1: lo: <UP> mtu 9\n",
      "    inet 1.2.3.4/33\n",
      "\tnexthop via 1.1.1.1 dev ab\n",
      "blackhole 10.0.0.0/8\n",
      "default dev ab table 7 metric 1e9\n",
      "5:\tnot from all iif ab goto 9\n",
      "{",
      "}",
      "]",
      "[{}]",
      "[[[[",
      '"',
      "null",
      "-1",
      '{"priority":1}',
      '"addr_info":[null]',
      "9".repeat(400),
      "🦊",
    );
    const cut = fc.tuple(fc.nat(), fc.nat(40), fc.oneof(bits, fc.string()));
    const mutated = fc.tuple(fc.constantFrom(...texts), fc.array(cut, { maxLength: 6 })).map(([text, cuts]) =>
      cuts.reduce((all, [at, length, put]) => {
        const place = at % (all.length + 1);
        return all.slice(0, place) + put + all.slice(place + length);
      }, text),
    );
    const name = fc.constantFrom("wg", "ab.conf", "ab.dump", "routes.txt", "x.sh");
    let [refused, taken] = [0, 0];
    fc.assert(
      fc.property(fc.array(fc.tuple(name, mutated), { minLength: 1, maxLength: 3 }), (files) => {
        const folders = files.map(([file, text], index) => {
          const own = [{ path: `m${index}/${file}`, text }];
          return {
            path: `m${index}`,
            name: `m${index}`,
            files: [...own, ...(index === 0 ? HANDMADE[0]!.files : [])],
          };
        });
        const found = read(folders);
        const { left, text } = networkFrom(found.machines, found.matched, found.directions);
        const said = JSON.stringify([
          found.diagnostics,
          lint(found.machines, found.matched, found.directions),
          left,
          text,
        ]);
        for (const key of KEYS) expect(said).not.toContain(key);
        for (const { at, hint } of found.diagnostics) {
          expect(at.line).toBeGreaterThan(0);
          expect(at.column).toBeGreaterThan(0);
          expect(hint).not.toBe("");
        }
        if (found.diagnostics.length > 0) refused++;
        else {
          taken++;
          parse(text, "tofro.yaml");
        }
      }),
      { numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThan(1000);
    expect(taken).toBeGreaterThan(100);
  });
});
