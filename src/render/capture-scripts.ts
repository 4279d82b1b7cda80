// Scripts of a capture: counters on one node for what passes by its tunnels, and for WireGuard's own packets.
import type { NodeState } from "../core/node-state.ts";
import { counterName, KINDS, PLACES, ROOM, setName, type Place } from "../core/capture/capture.ts";
import { temporaryTable } from "./temporary-table.ts";

interface Hook {
  readonly hook: string;
  readonly guards: readonly string[];
  readonly type: string;
  readonly key: string;
}

/** Behind all other chains of the hook: what is counted was not dropped before. */
const LAST = 2_147_483_647;
const IN = "iifname @tunnels";
const OUT = "oifname @tunnels";
const HOOKS: Readonly<Record<Place, Hook>> = {
  // From and to hosts behind the node one of the two is no tunnel.
  passed: { hook: "forward", guards: [IN, OUT], type: "iface_index . iface_index", key: "iif . oif" },
  arrived: { hook: "input", guards: [IN], type: "iface_index", key: "iif" },
  sent: { hook: "output", guards: [OUT], type: "iface_index", key: "oif" },
};

/** The first four bytes of a message: its type, little-endian. */
const MATCHES = {
  handshakes: "@th,64,32 { 0x01000000, 0x02000000, 0x03000000 }",
  keepalives: "udp length 40 @th,64,32 0x04000000",
  data: "udp length > 40 @th,64,32 0x04000000",
} as const;

function captureCommands(table: string, state: NodeState): string[] {
  const names = state.interfaces.map(({ name }) => `"${name}"`).join(", ");
  return [
    `add set ${table} tunnels { type ifname; ${names === "" ? "" : `elements = { ${names} };`} }`,
    ...PLACES.flatMap((place) => {
      const { hook, guards, type, key } = HOOKS[place];
      return [
        `add chain ${table} ${place} { type filter hook ${hook} priority ${LAST}; policy accept; }`,
        ...([4, 6] as const).flatMap((family) => {
          const ip = family === 4 ? "ip" : "ip6";
          const set = setName(place, family);
          const of = `ipv${family}_addr`;
          return [
            `add set ${table} ${set} { type ${of} . ${of} . ${type}; flags dynamic; size ${ROOM}; counter; }`,
            ...guards.map(
              (guard) =>
                `add rule ${table} ${place} ${guard} update @${set} { ${ip} saddr . ${ip} daddr . ${key} } accept`,
            ),
          ];
        }),
      ];
    }),
    ...state.interfaces.flatMap(({ listenPort }, index) =>
      (["received", "sent"] as const).flatMap((way) =>
        KINDS.flatMap((kind) => {
          const counter = counterName(index, way, kind);
          const [chain, port] = way === "received" ? ["arrived", "dport"] : ["sent", "sport"];
          return [
            `add counter ${table} ${counter}`,
            `add rule ${table} ${chain} udp ${port} ${listenPort} ${MATCHES[kind]} counter name ${counter}`,
          ];
        }),
      ),
    ),
  ];
}

export interface CaptureJob {
  /** Names the table; letters and digits. */
  readonly token: string;
  readonly state: NodeState;
  /** Until the table goes by itself. */
  readonly timeoutS: number;
}

const tableOf = ({ token, state, timeoutS }: CaptureJob) => {
  const table = `inet tofro_capture_${token}`;
  return { table, ...temporaryTable({ table, token, timeoutS, commands: captureCommands(table, state) }) };
};

/** Starts counting; prints the section `watcher`. */
export const armCaptureScript = (job: CaptureJob): string => `${PATH}\n${tableOf(job).arm}\n`;

/** Tells what was counted, and ends it. */
export function collectCaptureScript(job: CaptureJob, watcher: number): string {
  const { table, disarm } = tableOf(job);
  return [PATH, "echo '== counted'", `nft -j list table ${table}`, "echo '== end'", disarm(watcher), ""].join(
    "\n",
  );
}

const PATH = "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C";
