// The doctor before other people's firewalls, the real ones: iptables of both kinds, Docker's chains, ufw, firewalld.
import { beforeAll, describe, expect, it } from "vitest";
import {
  A,
  breakAndMend,
  doctor,
  example,
  expectWell,
  labFor,
  NO_TOFRO,
  oneOf,
  sh,
  TOFRO,
  WELL,
  withPackages,
  type Break,
} from "../support/doctor.ts";
import { briefly } from "../support/patience.ts";

/** As dockerd 20.10 of Debian 12 leaves them, in the words of `iptables-save`. */
const docker = (iptables: string): string => `${iptables} -P FORWARD DROP
${iptables} -N DOCKER; ${iptables} -N DOCKER-USER; ${iptables} -N DOCKER-ISOLATION-STAGE-1; ${iptables} -N DOCKER-ISOLATION-STAGE-2
${iptables} -A FORWARD -j DOCKER-USER
${iptables} -A FORWARD -j DOCKER-ISOLATION-STAGE-1
${iptables} -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${iptables} -A FORWARD -o docker0 -j DOCKER
${iptables} -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
${iptables} -A FORWARD -i docker0 -o docker0 -j ACCEPT
${iptables} -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
${iptables} -A DOCKER-ISOLATION-STAGE-1 -j RETURN
${iptables} -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
${iptables} -A DOCKER-ISOLATION-STAGE-2 -j RETURN
${iptables} -A DOCKER-USER -j RETURN
${iptables} -t nat -N DOCKER
${iptables} -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
${iptables} -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
${iptables} -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
${iptables} -t nat -A DOCKER -i docker0 -j RETURN`;

const NO_IPTABLES = `for each in filter nat raw; do nft delete table ip $each 2>/dev/null || true; done
for each in filter nat raw; do for family in iptables ip6tables; do
  $family-legacy -t $each -F; $family-legacy -t $each -X
  if [ $each = filter ]; then $family-legacy -P INPUT ACCEPT; $family-legacy -P FORWARD ACCEPT; $family-legacy -P OUTPUT ACCEPT; fi
done; done`;

const UFW = "ufw --force enable";
const NO_UFW = `ufw --force reset >/dev/null; ${NO_IPTABLES}; nft delete table ip6 filter 2>/dev/null || true`;

const FIREWALLD = `[ -e /run/dbus/system_bus_socket ] || dbus-daemon --system --fork --nopidfile
rm -rf /etc/firewalld/zones/*
sed -i 's/^DefaultZone=.*/DefaultZone=public/' /etc/firewalld/firewalld.conf
firewalld
for each in $(seq 100); do [ "$(firewall-cmd --state 2>&1)" != running ] || break; sleep 0.1; done`;
const NO_FIREWALLD = `kill $(cat /run/firewalld.pid); while nft list table inet firewalld >/dev/null 2>&1; do sleep 0.1; done`;
const PORTS =
  "firewall-cmd -q --add-port=51820-51830/udp; firewall-cmd -q --permanent --add-port=51820-51830/udp";

const BREAKS: readonly Break[] = [
  {
    what: "Docker's chains",
    at: "b",
    script: docker("iptables"),
    finds: { "b forward-drop": /^ip filter FORWARD: type filter hook forward .* policy drop/ },
    hurts: "ping",
    after: NO_IPTABLES,
  },
  {
    what: "Docker's chains by iptables-legacy",
    at: "b",
    script: docker("iptables-legacy"),
    finds: { "b forward-drop": /^iptables-legacy filter FORWARD: -P FORWARD DROP$/ },
    hurts: "ping",
    after: NO_IPTABLES,
  },
  {
    what: "INVALID dropped by iptables, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP`,
    finds: { "b invalid-drop": /ip filter FORWARD: ct state invalid .*drop/ },
    hurts: "tcp",
    after: `${NO_IPTABLES}; ${TOFRO}`,
  },
  {
    what: "INVALID dropped by iptables-legacy, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; iptables-legacy -A FORWARD -m conntrack --ctstate INVALID -j DROP`,
    finds: {
      "b invalid-drop": /^iptables-legacy filter FORWARD: -A FORWARD -m conntrack --ctstate INVALID -j DROP$/,
    },
    hurts: "tcp",
    after: `${NO_IPTABLES}; ${TOFRO}`,
  },
  {
    what: "a masquerade by iptables-legacy, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; iptables-legacy -t nat -A POSTROUTING -j MASQUERADE`,
    finds: { "b rewrites-source": /^iptables-legacy nat POSTROUTING: -A POSTROUTING -j MASQUERADE$/ },
    hurts: "path",
    after: `${NO_IPTABLES}; ${TOFRO}`,
  },
  {
    what: "the reverse path by iptables",
    at: "c",
    script: "iptables -t raw -A PREROUTING -m rpfilter --invert -j DROP",
    finds: { "c reverse-path-drop": /ip raw PREROUTING: .*(fib saddr|rpfilter)/ },
    hurts: "ping",
    after: NO_IPTABLES,
  },
  {
    what: "the reverse path by iptables-legacy",
    at: "c",
    script: "iptables-legacy -t raw -A PREROUTING -m rpfilter --invert -j DROP",
    finds: { "c reverse-path-drop": /^iptables-legacy raw PREROUTING: .*rpfilter --invert/ },
    hurts: "ping",
    after: NO_IPTABLES,
  },
  {
    what: "ufw as it is when enabled",
    at: "b",
    script: UFW,
    finds: {
      "b forward-drop": /^ip filter FORWARD: type filter hook forward .* policy drop/,
      "b input-drop": /^ip filter INPUT: type filter hook input .* policy drop/,
    },
    hurts: "tcp",
    after: NO_UFW,
  },
  {
    what: "ufw that lets a in by the interface towards it",
    at: "c",
    script: `ufw allow 51820:51830/udp; ufw allow in on wg-a from ${A} to any port 7777 proto tcp; ${UFW}`,
    finds: {
      "c interface-bound":
        /^ip filter INPUT > ufw-user-input: iifname "wg-a" ip saddr 192\.168\.51\.5 tcp dport 7777/,
    },
    hurts: "tcp",
    after: NO_UFW,
  },
  {
    what: "firewalld as it is when installed, at the transit",
    at: "b",
    script: FIREWALLD,
    finds: {
      "b forward-drop":
        /^inet firewalld filter_FORWARD > filter_FWD_public: reject with icmpx admin-prohibited/,
      "b input-drop": /^inet firewalld filter_INPUT > filter_IN_public: reject with icmpx admin-prohibited/,
    },
    hurts: "ping",
    after: NO_FIREWALLD,
  },
  {
    what: "firewalld whose zone masquerades, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; ${FIREWALLD}; firewall-cmd -q --set-default-zone=external; ${PORTS}`,
    finds: {
      "b forward-drop": /filter_FWD_external: reject/,
      "b rewrites-source": /^inet firewalld nat_POSTROUTING > nat_POST_external_allow: .*masquerade/,
    },
    hurts: "ping",
    // As it is no transit's own, INVALID is dropped before zones are looked at.
    later: ["invalid-drop"],
    after: `${NO_FIREWALLD}; ${TOFRO}`,
  },
  {
    what: "firewalld with a's tunnel in a zone that lets it in, and b's not",
    at: "c",
    script: `${FIREWALLD}; ${PORTS}; firewall-cmd -q --zone=work --add-port=7777/tcp; firewall-cmd -q --zone=work --change-interface=wg-a
firewall-cmd -q --permanent --zone=work --add-port=7777/tcp; firewall-cmd -q --permanent --zone=work --change-interface=wg-a`,
    finds: {
      "c interface-bound": /^inet firewalld filter_INPUT > filter_IN_work_allow: tcp dport 7777 accept$/,
    },
    hurts: "tcp",
    after: NO_FIREWALLD,
  },
  {
    what: "a firewalld zone that drops all, ping too",
    at: "c",
    script: `${FIREWALLD}; ${PORTS}; firewall-cmd -q --zone=drop --change-interface=wg-b`,
    finds: {
      "c icmp-drop": /^inet firewalld filter_INPUT > filter_IN_drop: drop$/,
      "c interface-bound": /^inet firewalld filter_INPUT > filter_IN_public/,
    },
    hurts: "ping",
    after: NO_FIREWALLD,
  },
];

/** tailscaled's rules, chains and table, as it sets them up on a subnet router. */
const TAILSCALE = `ip link add tailscale0 type veth peer name ts1; ip link set tailscale0 up; ip link set ts1 up; ip address add 100.101.102.103/32 dev tailscale0
ip rule add priority 5210 fwmark 0x80000/0xff0000 lookup main; ip rule add priority 5230 fwmark 0x80000/0xff0000 lookup default
ip rule add priority 5250 fwmark 0x80000/0xff0000 unreachable; ip rule add priority 5270 lookup 52
ip route add 100.100.100.100 dev tailscale0 table 52; ip route add 100.64.0.7 dev tailscale0 table 52
iptables -N ts-forward; iptables -N ts-input; iptables -t nat -N ts-postrouting
iptables -I FORWARD -j ts-forward; iptables -I INPUT -j ts-input; iptables -t nat -I POSTROUTING -j ts-postrouting
iptables -A ts-input -s 100.101.102.103 -i lo -j ACCEPT
iptables -A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
iptables -A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
iptables -A ts-input -i tailscale0 -j ACCEPT; iptables -A ts-input -p udp --dport 41641 -j ACCEPT
iptables -A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
iptables -A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
iptables -A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
iptables -A ts-forward -o tailscale0 -j ACCEPT
iptables -t nat -A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE`;
const NO_TAILSCALE = `ip link del tailscale0; for each in 5210 5230 5250 5270; do ip rule del priority $each; done; ${NO_IPTABLES}`;

/** Of which one case shows that it is understood. */
const programs = ({ script }: Break): string[] =>
  script.match(/\b(iptables(-legacy)?|ufw|firewalld)\b/)!.slice(0, 1);

describe("other people's firewalls", () => {
  const lab = labFor(example("three-nodes"));
  beforeAll(async () => {
    for (const node of ["b", "c"]) await withPackages(await lab().host(node));
  });

  it.each(
    oneOf([
      ["Docker on a machine that forwards nothing", "c", docker("iptables"), NO_IPTABLES],
      [
        "Docker that was told to let the tunnels pass",
        "b",
        `${docker("iptables")}; iptables -I DOCKER-USER -i wg-a -o wg-c -j ACCEPT`,
        NO_IPTABLES,
      ],
      [
        "old tables without a rule",
        "b",
        "iptables-legacy -S >/dev/null; ip6tables-legacy -S >/dev/null",
        ":",
      ],
      ["ufw that is there and not enabled", "b", "ufw status", ":"],
      [
        "ufw that allows all that is needed",
        "b",
        `ufw allow 51820:51830/udp; ufw route allow in on wg-a out on wg-c; ${UFW}`,
        NO_UFW,
      ],
      [
        "ufw at the end, with services of its own",
        "c",
        `ufw allow 51820:51830/udp; ufw allow 7777/tcp; ${UFW}`,
        NO_UFW,
      ],
      [
        "firewalld with the ports open",
        "c",
        `${FIREWALLD}; ${PORTS}; firewall-cmd -q --add-port=7777/tcp`,
        NO_FIREWALLD,
      ],
      ["Tailscale beside it", "b", TAILSCALE, NO_TAILSCALE],
      ["Tailscale at the end", "c", TAILSCALE, NO_TAILSCALE],
    ]),
  )("say nothing of %s", (_, at, script, after) => expectWell(lab(), at, script, after));

  it.each(briefly(BREAKS, programs))("$at: $what", (each) => breakAndMend(lab(), each));

  it("says that there are old tables and no command to read them", async () => {
    const b = await lab().host("b");
    await sh(b, docker("iptables-legacy"));
    await withPackages(
      b,
      ["iptables-legacy-save", "iptables-save", "ip6tables-legacy-save", "ip6tables-save"].map(
        (each) => `sbin/${each}`,
      ),
    );
    const { findings } = await doctor(lab().name);
    expect(findings).toMatchObject([{ node: "b", code: "firewall-unseen", severity: "warning" }]);
    expect(findings[0]!.evidence).toMatch(/^\/proc\/net\/ip_tables_names: .*filter/);
    expect(findings[0]!.mend).toEqual(["apt-get install --no-install-recommends iptables"]);
    // As that would do.
    await withPackages(b);
    expect((await doctor(lab().name)).findings).toMatchObject([{ node: "b", code: "forward-drop" }]);
    await sh(b, NO_IPTABLES);
    expect(await doctor(lab().name)).toMatchObject(WELL);
  });
});
