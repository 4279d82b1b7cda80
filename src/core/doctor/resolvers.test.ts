import { expect, it } from "vitest";
import { parse } from "../parse.ts";
import { parseLock } from "../lock-text.ts";
import { compile } from "../plan.ts";
import type { Facts } from "./facts.ts";
import { judgeResolvers, resolverOf } from "./resolvers.ts";
import type { Subject } from "./subject.ts";

const network = (dns: string): string => `overlay: [10.0.0.0/24, "fd00::/64"]
nodes:
  a: { exit_via: b, except: 203.0.113.0/24${dns} }
  b: { endpoint: 198.51.100.1, exit: true }
paths: [a <-> b]
`;

/** What is said of a machine with these lines of `FILE ADDRESS`. */
function judged(dns: string, ...lines: string[]): string[] {
  const plan = compile(parse(network(dns), "t.yaml").spec!, parseLock("", "t.lock").lock);
  const facts = { resolvers: lines.flatMap(resolverOf) } as unknown as Facts;
  const subject = { facts, state: plan.states[0]! } as Subject;
  return judgeResolvers(subject).map(({ evidence, mend }) => `${evidence} | ${mend.join("; ")}`);
}

const ETC = "/etc/resolv.conf";
const RUN = "/run/systemd/resolve/resolv.conf";
const SIX = ', dns: "2620:fe::fe"';
const FOUR = ", dns: 9.9.9.9";

it.each([
  ["a machine without `dns`", "", [`${ETC} fe80::1%eth0`]],
  ["one that is led", FOUR, [`${ETC} fe80::1%eth0`, `${ETC} 192.168.1.1`]],
  ["one of the other family that is excepted", SIX, [`${ETC} 203.0.113.7`]],
  ["one of the other family inside", SIX, [`${ETC} 10.0.0.2`]],
  ["a resolver of its own", SIX, [`${ETC} 127.0.0.1`]],
  ["systemd's stub with one that is led", FOUR, [`${ETC} 127.0.0.53`, `${RUN} 192.168.1.1`]],
  ["no resolver at all", FOUR, []],
])("says nothing of %s", (_, dns, lines) => {
  expect(judged(dns, ...lines)).toEqual([]);
});

it("names resolvers that nothing can be led from, and adds one", () => {
  expect(judged(FOUR, `${ETC} fe80::1%eth0`, `${ETC} 2001:db8::1`)).toEqual([
    `${ETC}: nameserver fe80::1%eth0, 2001:db8::1 | echo 'nameserver 9.9.9.9' >>${ETC}`,
  ]);
  expect(judged(SIX, `${ETC} 192.168.1.1`)).toEqual([
    `${ETC}: nameserver 192.168.1.1 | echo 'nameserver 2620:fe::fe' >>${ETC}`,
  ]);
});

it("tells systemd-resolved where that is asked", () => {
  expect(judged(FOUR, `${ETC} 127.0.0.53`, `${RUN} fe80::1%2`)).toEqual([
    `${RUN}: nameserver fe80::1%2 | mkdir -p /etc/systemd/resolved.conf.d; printf '[Resolve]\\nDNS=9.9.9.9\\n' >/etc/systemd/resolved.conf.d/exit.conf; systemctl restart systemd-resolved`,
  ]);
});
