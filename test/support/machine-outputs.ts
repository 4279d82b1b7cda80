// What `wg` and `ip` (iproute2 6.1) print on a machine that its wg-quick files and scripts were run on.
import { familyOf, hostPrefix, lengthOf } from "../../src/core/address.ts";
import { Diagnostics } from "../../src/core/diagnostics.ts";
import { parseConfigFile, type ConfigFile } from "../../src/core/import/config-file.ts";
import type { FoundFolder } from "../../src/core/import/read.ts";
import {
  readCommands,
  scriptLines,
  type SaidAddress,
  type SaidRoute,
  type SaidRule,
} from "../../src/core/import/script.ts";
import { publicKeyOf } from "../../src/files/keys.ts";

export interface MachineOutputs {
  readonly dump: string;
  readonly show: string;
  /** By interface. */
  readonly showconf: ReadonlyMap<string, string>;
  readonly addresses: string;
  readonly addressesOneLine: string;
  readonly addressesJson: string;
  readonly routes: string;
  readonly routesJson: string;
  readonly rules: string;
  readonly rulesJson: string;
}

interface Device {
  readonly name: string;
  readonly flags: string;
  readonly mtu: number;
  readonly link: string;
  readonly addresses: readonly SaidAddress[];
}

export function outputsOn(folder: FoundFolder): MachineOutputs {
  const files = folder.files
    .filter(({ path }) => path.endsWith(".conf"))
    .map(({ path, text }) => parseConfigFile(text, path, new Diagnostics()));
  const scripts = folder.files.filter(({ path }) => !path.endsWith(".conf"));
  const said = readCommands([
    ...scripts.flatMap(({ path, text }) => scriptLines(text, path)),
    ...files.flatMap(({ hooks }) => hooks),
  ]);
  const written = files.flatMap((file) =>
    file.addresses.map(({ value, at }): SaidAddress => ({ ...value, device: file.name, at })),
  );
  const devices = devicesOf(files, [...written, ...said.addresses]);
  const rules = said.rules.map((rule, index) => ({ ...rule, priority: rule.priority || 32_765 - index }));
  return {
    dump: files.map(dumpOf).join(""),
    show: files.map(showOf).join("\n"),
    showconf: new Map(files.map((file) => [file.name, showconfOf(file)])),
    ...addressTexts(devices),
    routes: [...ROUTES, ...said.routes.map(routeText)].map((line) => `${line}\n`).join(""),
    routesJson: `${JSON.stringify([...ROUTES_JSON, ...said.routes.map(routeJson)])}\n`,
    rules: [...RULES.slice(0, 1), ...rules.map(ruleText), ...RULES.slice(1)].join(""),
    rulesJson: `${JSON.stringify([RULES_JSON[0], ...rules.map(ruleJson), ...RULES_JSON.slice(1)])}\n`,
  };
}

const pairs = (file: ConfigFile) =>
  file.peers.map((peer, index) => ({
    key: peer.publicKey!.value,
    psk: peer.presharedKey,
    // One that did not dial has seen a NAT.
    endpoint:
      peer.endpoint === undefined
        ? `203.0.113.77:${40_001 + index}`
        : `${peer.endpoint.value.host.includes(":") ? `[${peer.endpoint.value.host}]` : peer.endpoint.value.host}:${peer.endpoint.value.port}`,
    allowed: peer.allowedIps.map(({ value }) => value),
    keepaliveS: peer.keepaliveS,
  }));

function dumpOf(file: ConfigFile): string {
  const [key, port] = [file.privateKey!.value, file.listenPort?.value ?? 0];
  const lines = pairs(file).map((peer) => [
    peer.key,
    peer.psk ?? "(none)",
    peer.endpoint,
    peer.allowed.join(",") || "(none)",
    1_700_000_000,
    92_828,
    7_400,
    peer.keepaliveS || "off",
  ]);
  return [[key, publicKeyOf(key), port, "off"], ...lines]
    .map((each) => `${[file.name, ...each].join("\t")}\n`)
    .join("");
}

function showOf(file: ConfigFile): string {
  const peers = pairs(file).map((peer) =>
    [
      "",
      `peer: ${peer.key}`,
      ...(peer.psk === undefined ? [] : ["  preshared key: (hidden)"]),
      `  endpoint: ${peer.endpoint}`,
      `  allowed ips: ${peer.allowed.join(", ") || "(none)"}`,
      "  latest handshake: 1 minute, 3 seconds ago",
      "  transfer: 90.65 KiB received, 7.23 KiB sent",
      ...(peer.keepaliveS > 0 ? [`  persistent keepalive: every ${peer.keepaliveS} seconds`] : []),
      "",
    ].join("\n"),
  );
  const port = file.listenPort === undefined ? "" : `  listening port: ${file.listenPort.value}\n`;
  return `interface: ${file.name}\n  public key: ${publicKeyOf(file.privateKey!.value)}\n  private key: (hidden)\n${port}${peers.join("")}`;
}

function showconfOf(file: ConfigFile): string {
  const peers = pairs(file).map((peer) =>
    [
      "\n[Peer]",
      `PublicKey = ${peer.key}`,
      ...(peer.psk === undefined ? [] : [`PresharedKey = ${peer.psk}`]),
      `AllowedIPs = ${peer.allowed.join(", ")}`,
      `Endpoint = ${peer.endpoint}`,
      ...(peer.keepaliveS > 0 ? [`PersistentKeepalive = ${peer.keepaliveS}`] : []),
      "",
    ].join("\n"),
  );
  return `[Interface]\nListenPort = ${file.listenPort?.value ?? 0}\nPrivateKey = ${file.privateKey!.value}\n${peers.join("")}`;
}

function devicesOf(files: readonly ConfigFile[], addresses: readonly SaidAddress[]): Device[] {
  const on = (name: string): SaidAddress[] => addresses.filter(({ device }) => device === name);
  const tunnels = files.map(({ name, mtu }): Device => ({
    name,
    flags: "POINTOPOINT,NOARP,UP,LOWER_UP",
    mtu: mtu?.value ?? 1420,
    link: "none",
    addresses: on(name),
  }));
  const known = new Set(["lo", ...tunnels.map(({ name }) => name)]);
  const others = [...new Set(addresses.map(({ device }) => device))].filter((name) => !known.has(name));
  const dummies = others.map((name): Device => ({
    name,
    flags: "BROADCAST,NOARP,UP,LOWER_UP",
    mtu: 1500,
    link: "ether",
    addresses: on(name),
  }));
  const at = { file: "", line: 1, column: 1 };
  const fixed = (device: string, text: string): SaidAddress => ({
    ...readCommands([{ value: `ip address add ${text} dev ${device}`, at }]).addresses[0]!,
  });
  const lo = { name: "lo", flags: "LOOPBACK,UP,LOWER_UP", mtu: 65_536, link: "loopback" };
  const eth0 = { name: "eth0", flags: "BROADCAST,MULTICAST,UP,LOWER_UP", mtu: 1500, link: "ether" };
  return [
    { ...lo, addresses: [fixed("lo", "127.0.0.1/8"), fixed("lo", "::1/128"), ...on("lo")] },
    { ...eth0, addresses: [fixed("eth0", "192.0.2.2/24"), fixed("eth0", "fe80::fc:ff:fe00:1/64")] },
    ...dummies,
    ...tunnels,
  ];
}

const inet = ({ address }: SaidAddress): string => (familyOf(address) === 6 ? "inet6" : "inet");
const isPeered = ({ address, peer }: SaidAddress): boolean =>
  peer !== undefined && peer !== hostPrefix(address);

function addressText(each: SaidAddress): string {
  const own = isPeered(each)
    ? `${each.address} peer ${each.peer}`
    : `${each.address}/${lengthOf(each.prefix)}`;
  return `${inet(each)} ${own} scope global${inet(each) === "inet" ? ` ${each.device}` : " "}`;
}

function addressTexts(devices: readonly Device[]) {
  const lifetime = "valid_lft forever preferred_lft forever";
  const human = devices.flatMap(({ name, flags, mtu, link, addresses }, index) => [
    `${index + 1}: ${name}: <${flags}> mtu ${mtu} qdisc noqueue state UNKNOWN group default qlen 1000`,
    link === "none" ? "    link/none " : `    link/${link} 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff`,
    ...addresses.flatMap((each) => [`    ${addressText(each)}`, `       ${lifetime}`]),
  ]);
  const oneLine = devices.flatMap(({ name, addresses }, index) =>
    addresses.map((each) => `${index + 1}: ${name}    ${addressText(each)}\\       ${lifetime}`),
  );
  const json = devices.map(({ name, flags, mtu, link, addresses }, index) => ({
    ifindex: index + 1,
    ifname: name,
    flags: flags.split(","),
    mtu,
    link_type: link,
    addr_info: addresses.map((each) => ({
      family: inet(each),
      local: each.address,
      ...(isPeered(each) && { address: each.peer!.split("/")[0] }),
      prefixlen: lengthOf(isPeered(each) ? each.peer! : each.prefix),
      scope: "global",
    })),
  }));
  return {
    addresses: `${human.join("\n")}\n`,
    addressesOneLine: `${oneLine.join("\n")}\n`,
    addressesJson: `${JSON.stringify(json)}\n`,
  };
}

const ROUTES = [
  "default via 192.0.2.1 dev eth0 ",
  "192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2 ",
  "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 ",
  "broadcast 192.0.2.255 dev eth0 table local proto kernel scope link src 192.0.2.2 ",
  "fe80::/64 dev eth0 proto kernel metric 256 pref medium",
  "default via fe80::1 dev eth0 metric 1024 pref medium",
  "local ::1 dev lo table local proto kernel metric 0 pref medium",
  "multicast ff00::/8 dev eth0 table local proto kernel metric 256 pref medium",
];
const ROUTES_JSON = [
  { dst: "default", gateway: "192.0.2.1", dev: "eth0", flags: [] },
  { dst: "192.0.2.0/24", dev: "eth0", protocol: "kernel", scope: "link", prefsrc: "192.0.2.2", flags: [] },
  {
    type: "local",
    dst: "127.0.0.0/8",
    dev: "lo",
    table: "local",
    protocol: "kernel",
    scope: "host",
    flags: [],
  },
  { dst: "default", gateway: "fe80::1", dev: "eth0", metric: 1024, flags: [], pref: "medium" },
];

const destination = ({ prefix }: SaidRoute): string =>
  lengthOf(prefix) === 0 ? "default" : prefix.replace(/\/32$/, "").replace(/:(.*)\/128$/, ":$1");

function routeText(route: SaidRoute): string {
  const isSix = familyOf(route.prefix) === 6;
  const table = route.table === "main" ? "" : ` table ${route.table}`;
  const metric = isSix
    ? ` metric ${route.metric ?? 1024}`
    : route.metric === undefined
      ? ""
      : ` metric ${route.metric}`;
  const source = route.source === undefined ? "" : ` src ${route.source}`;
  const head = `${destination(route)} dev ${route.device}${table}`;
  return `${head}${isSix ? "" : " scope link"}${source}${metric}${isSix ? " pref medium" : " "}`;
}

const routeJson = (route: SaidRoute) => ({
  dst: destination(route),
  dev: route.device,
  ...(route.table !== "main" && { table: route.table }),
  ...(route.source !== undefined && { prefsrc: route.source }),
  ...(familyOf(route.prefix) === 6 && { metric: route.metric ?? 1024, pref: "medium" }),
  flags: [],
});

const RULES = [
  "0:\tfrom all lookup local\n",
  "32766:\tfrom all lookup main\n",
  "32767:\tfrom all lookup default\n",
];
const RULES_JSON = [
  { priority: 0, src: "all", table: "local" },
  { priority: 32_766, src: "all", table: "main" },
  { priority: 32_767, src: "all", table: "default" },
];

const ruleText = ({ priority, from, iif, table }: SaidRule): string =>
  `${priority}:\tfrom ${from?.replace(/\/32$/, "") ?? "all"}${iif === undefined ? "" : ` iif ${iif}`} lookup ${table}\n`;

const ruleJson = ({ priority, from, iif, table }: SaidRule) => ({
  priority,
  src: from?.split("/")[0] ?? "all",
  ...(from !== undefined && lengthOf(from) !== 32 && { srclen: lengthOf(from) }),
  ...(iif !== undefined && { iif }),
  table,
});
