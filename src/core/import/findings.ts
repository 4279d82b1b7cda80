// What is wrong with machines' files as they stand: each with its place, the evidence, and what to do.
import { contains, familyOf, lengthOf, overlaps, parseAddress, type Address } from "../address.ts";
import type { Position } from "../error.ts";
import { identityOf, isTransferAddress, routeTo, type Machine } from "./machine.ts";
import { canBeSamePsk, type End, type Matched } from "./match.ts";
import { walk, type Direction } from "./walk.ts";

export interface LintFinding {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly machine: string;
  readonly at: Position;
  readonly message: string;
  readonly evidence: string;
  readonly mend: string;
}

export function lint(
  machines: readonly Machine[],
  matched: Matched,
  directions: readonly Direction[],
): LintFinding[] {
  const found = [
    ...machines.flatMap(ofFiles),
    ...machines.flatMap(ofDifferences),
    ...ofAddresses(machines),
    ...ofTunnels(matched),
    ...ofRoutes(matched, directions),
  ];
  return found.toSorted(
    (x, y) => compare(x.at.file, y.at.file) || x.at.line - y.at.line || x.at.column - y.at.column,
  );
}

const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
const place = ({ file, line }: Position): string => `${file}:${line}`;

function ofFiles({ name: machine, files, routes }: Machine): LintFinding[] {
  const found: LintFinding[] = [];
  const say = (each: Omit<LintFinding, "machine">): void => void found.push({ machine, ...each });
  for (const file of files) {
    for (const [index, peer] of file.peers.entries()) {
      for (const { value, at } of peer.allowedIps) {
        const isEverything = lengthOf(value) === 0;
        if (isEverything && file.table !== "off" && file.peers.length > 0)
          say({
            code: "default-route",
            severity: "error",
            at,
            message: `${file.name} takes all of the machine's traffic`,
            evidence: `AllowedIPs has ${value}, and without \`Table = off\` wg-quick makes a route of it`,
            mend: "add `Table = off` and the routes that are meant, or name the addresses behind this peer",
          });
        else if (isEverything)
          say({
            code: "any-source",
            severity: "warning",
            at,
            message: `${file.name} lets packets in with any source address`,
            evidence: `AllowedIPs is ${value}: it is also the list of sources that this peer may use`,
            mend: "name what is behind this peer: the destinations sent there, and the sources and transits that arrive from it",
          });
        const other = file.peers
          .slice(0, index)
          .flatMap(({ allowedIps }) => allowedIps)
          .find((each) => familyOf(each.value) === familyOf(value) && overlaps(each.value, value));
        if (other !== undefined)
          say({
            code: "overlapping-allowed-ips",
            severity: other.value === value ? "error" : "warning",
            at,
            message: `two peers of ${file.name} have ${value} in their AllowedIPs`,
            evidence: `${place(other.at)} has ${other.value}: on one interface a prefix belongs to one peer`,
            mend: "give each tunnel an interface of its own",
          });
      }
      const endpoint = peer.endpoint && parseAddress(peer.endpoint.value.host);
      const inside =
        endpoint &&
        routes.find(
          ({ prefix, device }) =>
            lengthOf(prefix) > 0 && contains(prefix, endpoint) && files.some(({ name }) => name === device),
        );
      if (peer.endpoint !== undefined && inside)
        say({
          code: "endpoint-loop",
          severity: "error",
          at: peer.endpoint.at,
          message: `the way to the endpoint ${peer.endpoint.value.host} leads into a tunnel`,
          evidence: `${place(inside.at)} sends ${inside.prefix} by ${inside.device}`,
          mend: "take the endpoint out of that route, or give it a route of its own by the uplink",
        });
    }
    if (file.mtu !== undefined && file.mtu.value < 1280)
      say({
        code: "small-mtu",
        severity: "warning",
        at: file.mtu.at,
        message: `${file.name} is too narrow for IPv6`,
        evidence: `MTU = ${file.mtu.value}; below 1280 the kernel takes IPv6 off the interface`,
        mend: "use 1280 or more; 1420 fits where the internet below takes 1500",
      });
  }
  for (const [index, { listenPort, name }] of files.entries()) {
    const other = files.slice(0, index).find((each) => each.listenPort?.value === listenPort?.value);
    if (listenPort === undefined || listenPort.value === 0 || other === undefined) continue;
    say({
      code: "duplicate-port",
      severity: "error",
      at: listenPort.at,
      message: `${name} and ${other.name} listen on the same port ${listenPort.value}`,
      evidence: `${place(other.listenPort!.at)} has it already`,
      mend: "give each interface a port of its own, and its peers' endpoints that port",
    });
  }
  return found;
}

const ofDifferences = ({ name: machine, differences }: Machine): LintFinding[] =>
  differences.map(({ at, message, liveAt }) => ({
    code: "not-live",
    severity: "warning",
    machine,
    at,
    message,
    evidence: `${place(liveAt)} is what is live; here stands what the machine has after its next start`,
    mend: "bring the file or the machine up to date; the rest of what is said here goes by what is live",
  }));

function ofAddresses(machines: readonly Machine[]): LintFinding[] {
  const found: LintFinding[] = [];
  const all = machines.flatMap((machine) => identityOf(machine).map((own) => ({ machine, ...own })));
  for (const [index, { machine, address, at }] of all.entries()) {
    const twin = all.slice(0, index).find((each) => each.address === address);
    if (twin !== undefined)
      found.push({
        code: "duplicate-address",
        severity: "error",
        machine: machine.name,
        at,
        message: `${twin.machine.name} and ${machine.name} have the same address ${address}`,
        evidence: `${place(twin.at)} has it already`,
        mend: "give each machine an address of its own",
      });
    const others = all.filter(
      (each) => each.machine !== machine && familyOf(each.address) === familyOf(address),
    );
    const net = (each: Address): string => each.split(".").slice(0, 3).join(".");
    const nets = new Set(others.map((each) => net(each.address)));
    if (familyOf(address) === 4 && others.length > 1 && nets.size === 1 && !nets.has(net(address)))
      found.push({
        code: "address-apart",
        severity: "warning",
        machine: machine.name,
        at,
        message: `${machine.name} has an address apart from all others: ${address}`,
        evidence: `the others are in ${[...nets][0]}.0/24: ${others.map((each) => `${each.machine.name} ${each.address}`).join(", ")}`,
        mend: `a slip of the pen? Then ${[...nets][0]}.${address.split(".")[3]}, here and wherever others name it`,
      });
  }
  for (const machine of machines)
    if (identityOf(machine).length === 0)
      found.push({
        code: "no-address",
        severity: "error",
        machine: machine.name,
        at: machine.at,
        message: `${machine.name} has no address that others could reach it by`,
        evidence: "there is none in its files but link-local ones",
        mend: "give it one: `Address = …/32` in each of its files",
      });
  return found;
}

function ofTunnels({ matches, strangers, unanswered }: Matched): LintFinding[] {
  const found: LintFinding[] = [];
  const say = (end: End, at: Position, each: Omit<LintFinding, "machine" | "at">): void =>
    void found.push({ machine: end.machine.name, at, ...each });
  for (const end of strangers)
    say(end, end.peer.publicKey!.at, {
      code: "unknown-key",
      severity: "warning",
      message: `the peer of ${end.file.name} is none of these machines`,
      evidence: `no file has the private key of ${end.peer.publicKey!.value}`,
      mend: "add that machine's files, or correct the key: it is what `wg pubkey` prints of its PrivateKey",
    });
  for (const end of unanswered)
    say(end, end.peer.publicKey!.at, {
      code: "unanswered",
      severity: "error",
      message: `the peer of ${end.file.name} does not know this interface`,
      evidence: "the machine with that key has no [Peer] with this one's public key",
      mend: "add a [Peer] there, with what `wg pubkey` prints of this file's PrivateKey",
    });
  for (const { ends } of matches) {
    const [x, y] = ends;
    if (!canBeSamePsk(x.peer, y.peer))
      say(y, y.peer.at, {
        code: "preshared-keys-differ",
        severity: "error",
        message: `${x.machine.name} and ${y.machine.name} have different preshared keys for one tunnel`,
        evidence: `${place(x.peer.at)} and here: no handshake will be completed`,
        mend: "put the same PresharedKey into both, or into neither",
      });
    if (x.peer.endpoint === undefined && y.peer.endpoint === undefined)
      say(y, y.peer.at, {
        code: "nobody-dials",
        severity: "error",
        message: `neither ${x.machine.name} nor ${y.machine.name} knows where the other is`,
        evidence: `no Endpoint at ${place(x.peer.at)} and here`,
        mend: "give one of them the other's Endpoint",
      });
    if (x.file.mtu?.value !== y.file.mtu?.value && (x.file.mtu ?? y.file.mtu) !== undefined)
      say(y, (y.file.mtu ?? { at: y.peer.at }).at, {
        code: "mtu-differs",
        severity: "warning",
        message: `the two ends of the tunnel ${x.machine.name} to ${y.machine.name} have different MTUs`,
        evidence: `${x.file.mtu?.value ?? "the default"} in ${x.file.path}, ${y.file.mtu?.value ?? "the default"} here`,
        mend: "use the smaller one at both",
      });
    for (const [from, to] of [ends, [y, x]] as const) {
      const endpoint = from.peer.endpoint;
      if (endpoint === undefined) continue;
      if (to.file.listenPort === undefined || to.file.listenPort.value === 0)
        say(from, endpoint.at, {
          code: "no-listen-port",
          severity: "error",
          message: `${to.machine.name} listens for this on a port of chance`,
          evidence: `${to.file.path} has no ListenPort, and the endpoint here says ${endpoint.value.port}`,
          mend: `add \`ListenPort = ${endpoint.value.port}\` there`,
        });
      else if (to.file.listenPort.value !== endpoint.value.port)
        say(from, endpoint.at, {
          code: "other-port",
          severity: "warning",
          message: `nobody listens on port ${endpoint.value.port} for this`,
          evidence: `${place(to.file.listenPort.at)}: ListenPort = ${to.file.listenPort.value}`,
          mend: "right only if something forwards that port: a provider's port forward, a router's",
        });
      if (to.peer.endpoint === undefined && from.peer.keepaliveS === 0)
        say(from, from.peer.at, {
          code: "no-keepalive",
          severity: "warning",
          message: `${to.machine.name} cannot reach ${from.machine.name} unless it has spoken first, and a NAT forgets that in 30 s`,
          evidence: "this end alone dials, without PersistentKeepalive",
          mend: "add `PersistentKeepalive = 25` here",
        });
    }
  }
  return found;
}

function ofRoutes({ matches }: Matched, directions: readonly Direction[]): LintFinding[] {
  const found: LintFinding[] = [];
  const neighbours = new Set(
    matches.map(({ ends: [x, y] }) => [x.machine.name, y.machine.name].sort().join(" ")),
  );
  for (const { from, to, walk: way } of directions) {
    const [own] = identityOf(from);
    const [address] = identityOf(to);
    const { stopped } = way;
    if (stopped !== undefined) {
      const back = directions.find((each) => each.from === to && each.to === from);
      const isWanted =
        back?.walk.stopped === undefined || neighbours.has([from.name, to.name].sort().join(" "));
      if (!isWanted) continue;
      const at = stopped.route?.at ?? firstPlace(stopped.machine);
      const why = {
        "no route": `${stopped.machine.name} has no route to ${address!.address}`,
        "no tunnel": `${stopped.machine.name} sends it by ${stopped.route?.device}, which is no tunnel to any of these machines`,
        "a circle": `its packets come to ${stopped.machine.name} again and again`,
        "allowed IPs here": `AllowedIPs of ${stopped.route?.device} on ${stopped.machine.name} lack ${address!.address}`,
        "allowed IPs there": `${stopped.machine.name} lets no such source in`,
      }[stopped.why];
      const works = back?.walk.stopped === undefined && back !== undefined;
      found.push({
        code: works ? "no-way-back" : "no-way",
        severity: works ? "error" : "warning",
        machine: stopped.machine.name,
        at,
        message: works
          ? `${to.name} reaches ${from.name}, and no answer comes back: ${why}`
          : `${from.name} does not reach ${to.name}: ${why}`,
        evidence: works
          ? `there: ${[to.name, ...back.walk.hops.map((hop) => hop.to.machine.name)].join(" -> ")}`
          : `from ${from.name}${way.hops.map((hop) => ` -> ${hop.to.machine.name}`).join("")}`,
        mend:
          stopped.why === "no route"
            ? `on ${stopped.machine.name}: \`ip route add ${address!.address} dev <tunnel> src ${identityOf(stopped.machine)[0]?.address ?? "<its own address>"}\``
            : "correct the route, or what the tunnel lets through",
      });
      continue;
    }
    const first = way.hops[0];
    if (first === undefined || own === undefined) continue;
    const source = first.route.source ?? sourceBy(from, first.route.device);
    if (source === undefined || source !== own.address)
      found.push({
        code: "other-source",
        severity: "warning",
        machine: from.name,
        at: first.route.at,
        message: `packets from ${from.name} to ${to.name} do not carry its address ${own.address}`,
        evidence: `the route has no \`src\`, and ${first.route.device} has ${source ?? "no address"}${source !== undefined && isTransferAddress(source) ? ", which only its neighbours know" : ""}`,
        mend: `add \`src ${own.address}\` to the route`,
      });
    const asked = walk(from, address!.address, matches, own.address, true);
    if (asked.stopped?.why === "allowed IPs there")
      found.push({
        code: "source-refused",
        severity: "error",
        machine: asked.stopped.machine.name,
        at: asked.hops.at(-1)!.to.peer.at,
        message: `${asked.stopped.machine.name} drops what comes from ${from.name} this way`,
        evidence: `AllowedIPs lack ${own.address}`,
        mend: `add ${own.address} to them`,
      });
    for (const { to: end } of way.hops) {
      const strict = end.machine.reversePath.get(end.file.name) === 1;
      const back = routeTo(end.machine, own.address);
      if (strict && back !== undefined && back.device !== end.file.name)
        found.push({
          code: "strict-reverse-path",
          severity: "error",
          machine: end.machine.name,
          at: end.file.at,
          message: `${end.machine.name} drops what comes from ${from.name} by ${end.file.name}`,
          evidence: `rp_filter is 1 there, and its way back is by ${back.device}`,
          mend: `sysctl net.ipv4.conf.${end.file.name}.rp_filter=2`,
        });
    }
  }
  return unique(found);
}

/** What the kernel takes for a packet that leaves by a device, when the route does not say. */
const sourceBy = (machine: Machine, device: string): Address | undefined =>
  machine.addresses.find((each) => each.device === device)?.address;

const firstPlace = (machine: Machine): Position => identityOf(machine)[0]?.at ?? machine.at;

/** One route is on many ways. */
const unique = (found: readonly LintFinding[]): LintFinding[] => [
  ...new Map(
    found.map((each) => [
      [
        each.code,
        each.at.file,
        each.at.line,
        each.machine,
        each.code === "other-source" ? "" : each.message,
      ].join(" "),
      each,
    ]),
  ).values(),
];
