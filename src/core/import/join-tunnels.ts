// Interfaces as files have them and as `wg` shows them, joined: what is live holds, and where a file says otherwise is told.
import type { Position } from "../error.ts";
import type { ConfigFile, PeerSection } from "./config-file.ts";

/** A file says what is not live. */
export interface Difference {
  /** In the file. */
  readonly at: Position;
  readonly message: string;
  /** In the output. */
  readonly liveAt: Position;
}

export interface JoinedTunnels {
  readonly files: readonly ConfigFile[];
  readonly differences: readonly Difference[];
  /** Interfaces that have a file and are not there: all about them is as the files say. */
  readonly absent: ReadonlySet<string>;
}

export function joinTunnels(
  files: readonly ConfigFile[],
  seen: readonly ConfigFile[],
  isWhole: boolean,
): JoinedTunnels {
  const differences: Difference[] = [];
  const absent = new Set<string>();
  const joined = files.map((file) => {
    const live = seen.find(({ name }) => name === file.name);
    if (live !== undefined) return joinTunnel(file, live, differences);
    if (isWhole) {
      absent.add(file.name);
      const liveAt = seen[0]?.at ?? file.at;
      differences.push({ at: file.at, message: `${file.name} is not up`, liveAt });
    }
    return file;
  });
  const alone = seen.filter(({ name }) => !files.some((file) => file.name === name));
  return { files: [...joined, ...alone], differences, absent };
}

function joinTunnel(file: ConfigFile, live: ConfigFile, differences: Difference[]): ConfigFile {
  const tell = (at: Position | undefined, message: string, liveAt?: Position): void =>
    void differences.push({ at: at ?? file.at, message, liveAt: liveAt ?? live.at });
  const { privateKey, publicKey } = keysOf(file, live, tell);
  const isSamePort = file.listenPort?.value === live.listenPort?.value;
  // Without ListenPort it is one of chance.
  if (!isSamePort && file.listenPort !== undefined && file.listenPort.value !== 0)
    tell(
      file.listenPort.at,
      `${file.name} listens on ${live.listenPort?.value ?? "no port"}, not on ${file.listenPort.value}`,
      live.listenPort?.at,
    );
  for (const peer of file.peers)
    if (peer.publicKey !== undefined && !live.peers.some((each) => isSame(each, peer)))
      tell(peer.at, `${file.name} has no such peer`);
  const peers = live.peers.map((peer) => {
    const written = file.peers.find((each) => isSame(each, peer));
    if (written !== undefined) return joinPeer(file.name, written, peer, tell);
    tell(file.at, `${file.name} has a peer that its file does not name`, peer.at);
    return peer;
  });
  const { privateKey: _, publicKey: __, listenPort, ...rest } = file;
  const port = isSamePort ? listenPort : live.listenPort;
  const isMarked = rest.others.some(({ value }) => value === "fwmark");
  return {
    ...rest,
    ...(privateKey && { privateKey }),
    ...(publicKey && { publicKey }),
    ...(port && { listenPort: port }),
    peers,
    others: isMarked ? rest.others : [...rest.others, ...live.others],
  };
}

const isSame = (one: PeerSection, other: PeerSection): boolean =>
  one.publicKey !== undefined && one.publicKey.value === other.publicKey?.value;

type Tell = (at: Position | undefined, message: string, liveAt?: Position) => void;

/** An output that hides the private key shows the public one: then the file's is the one, if it is that one's. */
function keysOf(
  file: ConfigFile,
  live: ConfigFile,
  tell: Tell,
): Pick<ConfigFile, "privateKey" | "publicKey"> {
  const isKnown = file.publicKey !== undefined && live.publicKey !== undefined;
  const isOther = isKnown && file.publicKey.value !== live.publicKey.value;
  if (isOther)
    tell(file.privateKey?.at, `${file.name} has another private key than its file says`, live.publicKey.at);
  if (live.publicKey === undefined || (isKnown && !isOther)) return file;
  return live;
}

function joinPeer(name: string, file: PeerSection, live: PeerSection, tell: Tell): PeerSection {
  const list = ({ allowedIps }: PeerSection): string =>
    [...new Set(allowedIps.map(({ value }) => value))].sort().join(", ");
  const isSameList = list(file) === list(live);
  if (!isSameList)
    tell(
      file.allowedIps[0]?.at ?? file.at,
      `the peer of ${name} has the allowed IPs ${list(live) || "(none)"}`,
      live.at,
    );
  if (file.keepaliveS !== live.keepaliveS)
    tell(
      file.at,
      `the peer of ${name} has a keepalive of ${live.keepaliveS} s, not of ${file.keepaliveS} s`,
      live.at,
    );
  const isHidden = live.isPresharedKeyHidden === true && file.presharedKey !== undefined;
  const isSameKey = isHidden || live.presharedKey === file.presharedKey;
  if (!isSameKey) tell(file.at, `the peer of ${name} has another preshared key than its file says`, live.at);
  const { presharedKey: _, isPresharedKeyHidden: __, ...rest } = file;
  return {
    ...rest,
    ...presharedKeyOf(isHidden ? file : live),
    ...(!isSameList && { allowedIps: live.allowedIps }),
    keepaliveS: live.keepaliveS,
  };
}

const presharedKeyOf = ({ presharedKey, isPresharedKeyHidden }: PeerSection): Partial<PeerSection> => ({
  ...(presharedKey !== undefined && { presharedKey }),
  ...(isPresharedKeyHidden && { isPresharedKeyHidden }),
});
