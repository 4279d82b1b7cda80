// Everything that `tofro status` says, put together from what each machine told and what was measured.
import type { LinkFigures, Measurement, PathFigures } from "../measure/measurement.ts";
import { directions, type Plan } from "../plan.ts";
import type { TunnelEnd } from "../topology.ts";
import type { PeerCounters } from "../wireguard-listing.ts";
import { seriesOf, type Run } from "./history.ts";
import type { KnownLinks } from "./links.ts";

/** What one machine told of its tunnels. */
export interface MachineTunnels {
  /** Unix seconds on its clock. */
  readonly now: number;
  /** By interface. */
  readonly wireguard: ReadonlyMap<string, PeerCounters>;
}

/**
 * `down`: probed, and nothing came back, or an interface is not there. `never`: it tries, and was not answered yet. `idle`: nobody
 * has had anything to send.
 */
type TunnelCondition = "up" | "down" | "never" | "idle" | "unknown";

export interface TunnelStatus {
  readonly tunnel: string;
  readonly condition: TunnelCondition;
  /** Seconds since the latest; absent: there was none, or nobody could be asked. */
  readonly handshakeAgeS?: number;
  /** Ends in the order of the tunnel's id. */
  readonly ends: readonly [EndStatus, EndStatus];
}

export interface EndStatus {
  readonly node: string;
  readonly interface: string;
  /** Whether the plan has it dial. */
  readonly dials: boolean;
  /** Where its packets go now; absent: nowhere yet, or it could not be asked. */
  readonly endpoint?: string;
  /** Bytes to the other end, as this end counts them, or the other one if this cannot be asked. */
  readonly sentBytes?: number;
}

export interface DirectionStatus {
  readonly from: string;
  readonly to: string;
  readonly path: readonly string[];
  readonly tunnels: readonly string[];
  /** Absent: not measured, or a tunnel on the way gave nothing (`broken`). */
  readonly figures?: Pick<PathFigures, "delay" | "loss">;
  /** Tunnels on the way that were probed and gave nothing. */
  readonly broken: readonly string[];
  /** Delay of each run so far in ms from an unknown zero; null: nothing came through. */
  readonly history: readonly (number | null)[];
}

/** Two machines' clocks may be apart; each end's age is by its own. */
export function tunnelStatuses(
  plan: Plan,
  machines: ReadonlyMap<string, MachineTunnels>,
  measured: ReadonlyMap<string, readonly LinkFigures[]>,
): TunnelStatus[] {
  return plan.topology.tunnels.map(({ id: tunnel, ends }) => {
    const [one, other] = ends[0].node < ends[1].node ? ends : [ends[1], ends[0]];
    const told = (end: TunnelEnd): PeerCounters | undefined =>
      machines.get(end.node)?.wireguard.get(end.interface);
    const ages = [one, other].flatMap((end) => {
      const handshake = told(end)?.handshake ?? 0;
      return handshake === 0 ? [] : [Math.max(0, machines.get(end.node)!.now - handshake)];
    });
    return {
      tunnel,
      condition: conditionOf([one, other], machines, measured.get(tunnel) ?? []),
      ...(ages.length === 0 ? {} : { handshakeAgeS: Math.min(...ages) }),
      ends: [endStatus(one, told(one), told(other)), endStatus(other, told(other), told(one))],
    };
  });
}

function conditionOf(
  ends: readonly TunnelEnd[],
  machines: ReadonlyMap<string, MachineTunnels>,
  probed: readonly LinkFigures[],
): TunnelCondition {
  if (probed.some(({ timing }) => timing !== undefined)) return "up";
  const asked = ends.filter(({ node }) => machines.has(node));
  const told = asked.flatMap((end) => machines.get(end.node)!.wireguard.get(end.interface) ?? []);
  if (probed.length > 0 || told.length < asked.length) return "down";
  if (told.some(({ handshake }) => handshake > 0)) return "up";
  if (told.some(({ sent }) => sent > 0)) return "never";
  return asked.length === 0 ? "unknown" : "idle";
}

function endStatus(
  end: TunnelEnd,
  own: PeerCounters | undefined,
  others: PeerCounters | undefined,
): EndStatus {
  const sentBytes = own?.sent ?? others?.received;
  return {
    node: end.node,
    interface: end.interface,
    dials: end.endpoint !== undefined,
    ...(own?.endpoint === undefined ? {} : { endpoint: own.endpoint }),
    ...(sentBytes === undefined ? {} : { sentBytes }),
  };
}

/** Of every direction that a line of the file names; by what agents know where nothing was measured. */
export function directionStatuses(
  plan: Plan,
  measurement: Measurement | undefined,
  known: KnownLinks,
  probed: ReadonlySet<string>,
  runs: readonly Run[],
): DirectionStatus[] {
  const index = new Map(plan.topology.tunnels.map(({ id }, at) => [id, at]));
  return Array.from(directions(plan)).flatMap(({ from, to, path, tunnels, line }) => {
    if (line === undefined) return [];
    const links = tunnels.map((tunnel, hop) => {
      const at = index.get(tunnel)!;
      const end = plan.topology.tunnels[at]!.ends.findIndex(({ node }) => node === path[hop]);
      return { index: 2 * at + end, tunnel, from: path[hop]!, to: path[hop + 1]! };
    });
    const figures = (measurement ?? known).path(links.map((link) => link.index));
    const broken = links
      .filter((link) => probed.has(link.tunnel) && measurement?.links[link.index]?.timing === undefined)
      .map(({ tunnel }) => tunnel);
    const history = seriesOf(runs, links).map((value) => value ?? null);
    const { delay, loss } = figures ?? {};
    return [
      {
        from,
        to,
        path,
        tunnels,
        broken,
        history,
        ...(delay && loss !== undefined && { figures: { delay, loss } }),
      },
    ];
  });
}
