import { expect, it } from "vitest";
import { joined, parseLegacy } from "./legacy.ts";
import type { Packet } from "./packet.ts";
import { parseRuleset } from "./ruleset.ts";
import { walkChain } from "./walk-chain.ts";
import { parseAddress } from "../address.ts";

const PING: Packet = {
  family: 4,
  source: parseAddress("192.0.2.1")!,
  destination: parseAddress("192.0.2.2")!,
  iifname: "wg-a",
  oifname: "wg-c",
  l4proto: "icmp",
  icmpType: "echo-request",
  state: "new",
  isLocal: false,
  back: { any: true, sameInterface: false },
};
const SYN: Packet = { ...PING, l4proto: "tcp", tcpFlags: ["syn"], dport: 85 };

function walk(rules: readonly string[], packet: Packet, policy = "ACCEPT"): ReturnType<typeof walkChain> {
  const text = ["*filter", `:FORWARD ${policy} [0:0]`, ":own - [0:0]", ...rules, "COMMIT", ""].join("\n");
  const ruleset = joined(parseRuleset("", ""), { ip: parseLegacy("ip", text), ip6: parseLegacy("ip6", "") });
  return walkChain(ruleset, ruleset.baseChains[0]!, packet);
}

it.each([
  ["-A FORWARD -i wg-+ -j DROP", PING],
  ["-A FORWARD ! -i eth0 -j DROP", PING],
  ["-A FORWARD -s 192.0.2.0/24 ! -d 198.51.100.0/24 -j REJECT --reject-with icmp-port-unreachable", PING],
  ["-A FORWARD -p icmp -m icmp --icmp-type 8 -j DROP", PING],
  ['-A FORWARD -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment "a -j b" -j DROP', PING],
  ["-A FORWARD -m rpfilter --invert -j DROP", PING],
  ["-A FORWARD -p tcp -m multiport --dports 22,80:90 -j DROP", SYN],
  ["-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", SYN],
  ["-A FORWARD -j own\n-A own -p tcp -j DROP", SYN],
  ["-A FORWARD -m addrtype ! --dst-type LOCAL -j DROP", SYN],
])("%s", (rule, packet) => {
  expect(walk([rule], packet).drop).toMatchObject({ isSure: true });
});

it.each([
  ["-A FORWARD -p tcp -j DROP", PING],
  ["-A FORWARD -o eth+ -j DROP", PING],
  ["-A FORWARD -m mark --mark 0x1/0xff -j DROP", PING],
  ["-A FORWARD -m rpfilter --loose --validmark --invert -j DROP", PING],
  ["-A FORWARD -m rpfilter --loose -j ACCEPT\n-A FORWARD -j DROP", PING],
  ["-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN,ACK -j DROP", SYN],
  ["-A FORWARD -p tcp -m tcp --dport 90:99 -j DROP", SYN],
  ["-A FORWARD -m limit --limit 10/sec -j ACCEPT\n-A FORWARD -j DROP", PING],
  // What nobody here understands does not match, so that block lists are no finding.
  ["-A FORWARD -m set --match-set bad src -j DROP", PING],
  [
    "-A FORWARD -m recent --update --seconds 60 --hitcount 4 --name x --mask 255.255.255.255 --rsource -j DROP",
    SYN,
  ],
  ['-A FORWARD -j LOG --log-prefix "x -j DROP "', PING],
])("passes: %s", (rule, packet) => {
  expect(walk([rule], packet).drop).toBeUndefined();
});

it("is not sure of a policy behind a rule that may have let the packet pass", () => {
  expect(walk(["-A FORWARD -m set --match-set good src -j ACCEPT"], PING, "DROP").drop).toMatchObject({
    isSure: false,
    text: "-P FORWARD DROP",
  });
});
