// What must be on a machine before anything of the plan can be, and settings that work against it.
import { familyOf } from "../address.ts";
import { ROUTE_PROTOCOL } from "../node-state.ts";
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

const PACKAGES: Readonly<Record<string, string>> = {
  ip: "iproute2",
  wg: "wireguard-tools",
  nft: "nftables",
  sysctl: "procps",
  unshare: "util-linux",
  flock: "util-linux",
  ping: "iputils-ping",
};

export function judgeSoftware({ facts, state }: Subject): Found[] {
  const found: Found[] = [];
  if (!facts.isRoot) {
    found.push({
      code: "not-root",
      severity: "error",
      message: "the user is not root: nothing can be set up, and firewalls are not seen",
      evidence: "id -u: not 0",
      mend: [`sudo tofro doctor --node ${state.node}`],
    });
  }
  if (facts.missing.length > 0) {
    const packages = [...new Set(facts.missing.map((command) => PACKAGES[command] ?? command))];
    found.push({
      code: "missing-commands",
      severity: "error",
      message: `commands are missing: ${facts.missing.join(", ")}`,
      evidence: facts.missing.map((command) => `command -v ${command}: nothing`).join("; "),
      mend: [`apt-get install --no-install-recommends ${packages.join(" ")}`],
    });
  }
  if (!facts.hasWireguard) {
    found.push({
      code: "no-wireguard",
      severity: "error",
      message: "the kernel has no WireGuard, and wireguard-go cannot take its place",
      evidence: "modprobe -n wireguard: fails; command -v wireguard-go, /dev/net/tun: not both there",
      mend: ["apt-get install --no-install-recommends wireguard-go"],
    });
  }
  if (facts.unseenTables.length > 0) {
    found.push({
      code: "firewall-unseen",
      severity: "warning",
      message:
        "there are tables of iptables-legacy, and no command to read them: what they drop is not known",
      evidence: facts.unseenTables.join("; "),
      mend: ["apt-get install --no-install-recommends iptables"],
    });
  }
  return found;
}

export function judgeSettings(subject: Subject): Found[] {
  return [
    ...forwardingOff(subject),
    ...strictReversePath(subject),
    ...sysctlsAtBoot(subject),
    ...routerAdvertisements(subject),
    ...noIpv6(subject),
  ];
}

/** Before the tunnels are up it is no matter: apply switches it on. */
function forwardingOff({ facts, state, ours }: Subject): Found[] {
  if (ours.size === 0) return [];
  return state.sysctls.flatMap(({ key, value }): Found[] => {
    const now = facts.sysctls.get(key.replaceAll(".", "/"));
    if (!/[._](ip_forward|forwarding)$/.test(`.${key}`) || value !== "1" || now !== "0") return [];
    return [
      {
        code: "forwarding-off",
        severity: "error",
        message: "forwarding was switched off, and the plan leads packets through this node",
        evidence: `${key} = 0`,
        mend: [`sysctl -w ${key}=1`],
      },
    ];
  });
}

/** The value in force is the larger of `all` and the interface's; apply sets 2 on each of its own, so only those matter. */
function strictReversePath({ facts, flows, ours }: Subject): Found[] {
  const value = (name: string): number => Number(facts.sysctls.get(`net/ipv4/conf/${name}/rp_filter`) ?? 0);
  return [...ours].flatMap((name) => {
    if (Math.max(value("all"), value(name)) !== 1) return [];
    const hurt = flows.filter(
      (flow) =>
        flow.in === name &&
        flow.family === 4 &&
        !flows.some((back) => back.kind === "leave" && back.destination === flow.source && back.out === name),
    );
    if (hurt.length === 0) return [];
    const seen = ["all", name].map((each) => `net.ipv4.conf.${each}.rp_filter = ${value(each)}`);
    return [
      {
        code: "strict-rp-filter",
        severity: "error",
        message: `the reverse path filter is strict on ${name}: it drops ${hurt.map((flow) => flow.name).join(", ")}, whose way back is another`,
        evidence: seen.join("; "),
        mend: [`sysctl -w net.ipv4.conf.${name}.rp_filter=2`],
      },
    ];
  });
}

/** The last line for a key wins at boot, and whenever a package runs `sysctl --system`. */
function sysctlsAtBoot({ facts, state }: Subject): Found[] {
  const wanted = new Map(state.sysctls.map(({ key, value }) => [key.replaceAll(".", "/"), value]));
  const same = (key: string): string =>
    key === "net/ipv4/conf/all/forwarding" ? "net/ipv4/ip_forward" : key;
  const last = new Map(facts.sysctlFiles.map((line) => [same(line.key), line]));
  return [...last].flatMap(([key, { file, line, text, value }]) => {
    const want = wanted.get(key);
    if (want === undefined || want === value || (key.endsWith("/rp_filter") && value !== "1")) return [];
    return [
      {
        code: "sysctl-at-boot",
        severity: "warning",
        message: `a file sets ${key.replaceAll("/", ".")} back to ${value} at boot and at each \`sysctl --system\`; the plan needs ${want}`,
        evidence: `${file}:${line}: ${text}`,
        mend: [`sed -i '${line}s/^/# /' ${file}`],
      },
    ];
  });
}

/**
 * IPv6 switched off, by sysctl or because the MTU is below IPv6's least (RFC 8200, section 5): addresses and routes are
 * gone then, and stay so when it is back.
 */
function noIpv6({ facts, state, ours }: Subject): Found[] {
  const sources = state.addresses.filter((address) => familyOf(address) === 6);
  if (sources.length === 0) return [];
  return state.interfaces.flatMap(({ name, mtu }): Found[] => {
    const link = facts.links.get(name);
    const isOurs = ours.has(name) && link !== undefined;
    // Before there is an interface, what it would inherit.
    const key = `net/ipv6/conf/${isOurs ? name : "default"}/disable_ipv6`;
    const isOff = facts.sysctls.get(key) === "1";
    const isNarrow = isOurs && link.mtu < 1280;
    if (!isOff && !isNarrow) return [];
    const routes = state.routes.filter((route) => route.interface === name && familyOf(route.prefix) === 6);
    const again = isOurs
      ? [
          ...sources.map((address) => `ip address replace ${address}/128 dev ${name} nodad`),
          ...routes.map(
            ({ prefix, table, source }) =>
              `ip route replace ${prefix} dev ${name} proto ${ROUTE_PROTOCOL} table ${table} src ${source}`,
          ),
        ]
      : [];
    return [
      {
        code: "no-ipv6",
        severity: "error",
        message: `IPv6 is off on ${isOurs ? name : `new interfaces, and so on ${name}`}${isOff ? "" : `, as its MTU is below 1280`}: the plan's addresses and routes are lost there`,
        evidence: isOff ? `${key.replaceAll("/", ".")} = 1` : `ip link: ${name} mtu ${link!.mtu}`,
        mend: [isOff ? `sysctl -w ${key}=0` : `ip link set dev ${name} mtu ${Math.max(mtu, 1280)}`, ...again],
        ...(isOff ? { lasting: `echo '${key} = 0' >>/etc/sysctl.d/99-tofro.conf` } : {}),
      },
    ];
  });
}

/** Forwarding makes an interface ignore router advertisements unless accept_ra is 2; apply sees to it where they are heeded. */
function routerAdvertisements({ facts, state, ours, tunnels }: Subject): Found[] {
  const forwards = state.sysctls.some(({ key }) => key === "net.ipv6.conf.all.forwarding");
  if (!forwards) return [];
  const names = [...facts.links.keys()].filter((name) => !tunnels.has(name) && name !== "lo");
  return names.flatMap((name) => {
    const heeds = facts.sysctls.get(`net/ipv6/conf/${name}/accept_ra`);
    if (heeds !== "1") return [];
    const route = facts.routes.find((each) => each.interface === name && each.protocol === "ra");
    const address = facts.addresses.find(
      (each) => each.interface === name && each.isDynamic && familyOf(each.address) === 6,
    );
    if (route === undefined && address === undefined) return [];
    const isOn = facts.sysctls.get(`net/ipv6/conf/${name}/forwarding`) === "1" && ours.size > 0;
    const what = route === undefined ? `address ${address!.address}` : `route ${route.prefix}`;
    return [
      {
        code: "router-advertisements",
        severity: isOn ? "error" : "note",
        message: isOn
          ? `${name} has its ${what} from router advertisements and ignores them now that the node forwards IPv6: it will run out`
          : `${name} has its ${what} from router advertisements, which forwarding would end; apply sets accept_ra to 2`,
        evidence: `${what} dev ${name}${route === undefined ? " dynamic" : " proto ra"}; net.ipv6.conf.${name}.accept_ra = 1`,
        mend: [`sysctl -w net/ipv6/conf/${name}/accept_ra=2`],
      },
    ];
  });
}
