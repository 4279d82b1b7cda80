import { describe, expect, it } from "vitest";
import { grownBy, grownDrops, parseEvidence } from "./evidence.ts";
import { parsePing, parseRecordRoute } from "./ping.ts";
import { countsAt, parseTap } from "./tap.ts";

describe("ping", () => {
  it("tells counts, the TTL of answers, and complaints once each", () => {
    expect(
      parsePing(`PING 192.168.51.2 (192.168.51.2) 56(84) bytes of data.
64 bytes from 192.168.51.2: icmp_seq=1 ttl=64 time=31.2 ms
From 192.168.51.1 icmp_seq=2 Frag needed and DF set (mtu = 1300)
ping: local error: message too long, mtu=1300
ping: local error: message too long, mtu=1300

--- 192.168.51.2 ping statistics ---
4 packets transmitted, 1 received, +2 errors, 75% packet loss, time 152ms
`),
    ).toEqual({
      sent: 4,
      received: 1,
      ttl: 64,
      complaints: [
        "From 192.168.51.1 Frag needed and DF set (mtu = 1300)",
        "ping: local error: message too long, mtu=1300",
      ],
    });
    expect(parsePing("ping: connect: Network is unreachable")).toEqual({
      sent: 0,
      received: 0,
      complaints: ["ping: connect: Network is unreachable"],
    });
  });

  it("tells the stamps of record route", () => {
    const output = `64 bytes from 10.0.0.3: icmp_seq=1 ttl=64 time=1 ms\nRR: \t10.0.0.1\n\t10.0.0.2\n\t10.0.0.3\n\t10.0.0.1\n\n--- x\n`;
    expect(parseRecordRoute(output)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"]);
    expect(parseRecordRoute("1 packets transmitted, 0 received")).toBeUndefined();
  });
});

const evidence = (filtered: number, dropped: number, invalid: string) =>
  parseEvidence(`== now
1000
== links
[{"ifname":"wg-a","mtu":1420,"flags":["UP"],"stats64":{"rx":{"errors":3},"tx":{"errors":0}}},{"ifname":"wg-c","mtu":1300,"flags":[]}]
== transfer
wg-a	KEY=	100	200
wg-c	KEY2=	0	0
== latest-handshakes
wg-a	KEY=	990
wg-c	KEY2=	0
== endpoints
wg-a	KEY=	192.0.2.1:51820
wg-c	KEY2=	(none)
== allowed-ips
wg-a	KEY=	10.0.0.1/32 10.0.0.3/32
wg-c	KEY2=	(none)
== kernel
TcpExt: SyncookiesSent IPReversePathFilter
TcpExt: 0 ${filtered}
Ip6InReceives                   	7
== conntrack
entries  clashres found new invalid ignore
00000003  00000000 00000000 00000000 ${invalid} 00000000
00000003  00000000 00000000 00000000 00000001 00000000
== drops
table inet fw { # handle 1
	chain c { # handle 1
		type filter hook forward priority filter; policy accept;
		ct state invalid counter packets ${dropped} bytes 840 drop # handle 2
		tcp dport 22 counter packets 5 bytes 300 accept # handle 3
	}
}
== sysctls
/proc/sys/net/ipv4/ip_forward:1
== end
`);

describe("a machine's evidence", () => {
  const [before, after] = [evidence(2, 1, "0000000f"), evidence(12, 11, "00000019")];

  it("is parsed", () => {
    expect(before.links.get("wg-a")).toEqual({ mtu: 1420, up: true, rxErrors: 3, txErrors: 0 });
    expect(before.links.get("wg-c")).toMatchObject({ up: false, mtu: 1300 });
    expect(before.wireguard.get("wg-a")).toEqual({
      received: 100,
      sent: 200,
      handshake: 990,
      endpoint: "192.0.2.1:51820",
      allowedIps: ["10.0.0.1/32", "10.0.0.3/32"],
    });
    expect(before.wireguard.get("wg-c")).toEqual({ received: 0, sent: 0, handshake: 0, allowedIps: [] });
    expect(before.kernel.get("Ip6InReceives")).toBe(7);
    expect(before.invalid).toBe(16);
    expect(before.sysctls.get("ipv4/ip_forward")).toBe("1");
  });

  it("is compared", () => {
    expect(grownBy(before, after, "TcpExtIPReversePathFilter")).toBe(10);
    expect(grownDrops(before, after)).toEqual([
      { rule: "inet fw c: ct state invalid counter drop", packets: 10 },
    ]);
    expect(grownDrops(after, after)).toEqual([]);
  });

  it("is refused when it is cut off", () => {
    expect(() => parseEvidence("== now\n1000\n")).toThrow("cut off");
  });
});

describe("a tap", () => {
  it("is what nft lists", () => {
    const elem = [
      { elem: { val: { concat: ["wg-a", "10.0.0.1"] }, counter: { packets: 3, bytes: 252 } } },
      { elem: { val: { concat: ["wg-b", "10.0.0.9"] }, counter: { packets: 7, bytes: 588 } } },
    ];
    const json = JSON.stringify({
      nftables: [
        { metainfo: {} },
        { set: { name: "in_5_request", elem } },
        { set: { name: "out_5_request" } },
      ],
    });
    const tap = parseTap(json);
    expect(countsAt(tap, "in", "5_request").map((each) => each.interface)).toEqual(["wg-b", "wg-a"]);
    expect(countsAt(tap, "out", "5_request")).toEqual([]);
    expect(() => parseTap("{}")).toThrow();
  });
});
