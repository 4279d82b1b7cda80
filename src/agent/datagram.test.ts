import { describe, expect, it } from "vitest";
import { generatePrivateKey, publicKeyOf } from "../files/keys.ts";
import { Datagrams } from "./datagram.ts";
import { pairKeys } from "./pair-keys.ts";

const NAMES = ["a", "b", "c"];

function network() {
  const privateKeys = new Map(NAMES.map((node) => [node, generatePrivateKey()]));
  const publicKeys = new Map(Array.from(privateKeys, ([node, key]) => [node, publicKeyOf(key)]));
  const agent = (node: string) =>
    new Datagrams(node, NAMES, pairKeys({ node, privateKey: privateKeys.get(node)!, publicKeys }, "signal"));
  return { agent };
}

/** What `to` takes of it, after the greeting that a first word needs. */
function deliver(from: Datagrams, to: Datagrams, bytes: Buffer, nowMs = 0): string[] {
  const first = to.receive(bytes, nowMs);
  if (first.text !== undefined) return [first.text];
  return first.outgoing.flatMap((greeting) =>
    from
      .receive(greeting.bytes, nowMs)
      .outgoing.map((again) => to.receive(again.bytes, nowMs).text ?? "refused"),
  );
}

describe("datagrams", () => {
  it("come to who they are for, after a greeting the first time", () => {
    const { agent } = network();
    const [a, c] = [agent("a"), agent("c")];
    expect(deliver(a, c, a.send("c", "one", 0))).toEqual(["one"]);
    expect(c.receive(a.send("c", "two", 1), 1)).toMatchObject({ from: "a", text: "two" });
    expect(deliver(c, a, c.send("a", "back", 1))).toEqual(["back"]);
  });

  it("come once, by whatever ways, and in any order", () => {
    const { agent } = network();
    const [a, c] = [agent("a"), agent("c")];
    deliver(a, c, a.send("c", "hello", 0));
    const [one, two] = [a.send("c", "one", 0), a.send("c", "two", 0)];
    expect(c.receive(two, 0).text).toBe("two");
    expect(c.receive(one, 0).text).toBe("one");
    expect(c.receive(two, 0).text).toBeUndefined();
    expect(c.receive(one, 0).text).toBeUndefined();
  });

  it("are passed on once by a third node, which can neither read nor change them", () => {
    const { agent } = network();
    const [a, b, c] = [agent("a"), agent("b"), agent("c")];
    deliver(a, c, a.send("c", "hello", 0));
    const bytes = a.send("c", "secret", 0);
    expect(bytes.includes("secret")).toBe(false);
    const [passed] = b.receive(bytes, 0).outgoing;
    expect(passed?.to).toBe("c");
    expect(b.receive(passed!.bytes, 0).outgoing).toEqual([]);
    for (let at = 0; at < bytes.length; at++) {
      // The hops are the only octet that is not sealed.
      if (at === 5) continue;
      const forged = Buffer.from(passed!.bytes);
      forged[at]! ^= 1;
      expect(c.receive(forged, 0).text).toBeUndefined();
    }
    expect(c.receive(passed!.bytes, 0).text).toBe("secret");
  });

  it("of an earlier life, or to one, are never accepted", () => {
    const { agent } = network();
    const [a, c] = [agent("a"), agent("c")];
    deliver(a, c, a.send("c", "hello", 0));
    const old = a.send("c", "yesterday", 0);
    const reborn = agent("c");
    expect(reborn.receive(old, 0).text).toBeUndefined();
    const next = agent("a");
    expect(deliver(next, reborn, next.send("c", "today", 0))).toEqual(["today"]);
    expect(reborn.receive(old, 0).text).toBeUndefined();
    expect(deliver(a, reborn, old, 60_000)).not.toContain("yesterday");
  });

  it("are not believed because somebody greets with a false life", () => {
    const { agent } = network();
    const [a, c] = [agent("a"), agent("c")];
    deliver(a, c, a.send("c", "hello", 0));
    const stranger = agent("c");
    const [greeting] = stranger.receive(a.send("c", "lost", 0), 0).outgoing;
    a.receive(greeting!.bytes, 0);
    expect(deliver(a, c, a.send("c", "found", 2000))).toEqual(["found"]);
  });

  it("that are no datagrams are not answered", () => {
    const { agent } = network();
    const c = agent("c");
    for (let length = 0; length < 60; length++) {
      expect(c.receive(Buffer.alloc(length, 0xff), 0)).toEqual({ outgoing: [] });
    }
  });
});
