// What a running lab is: its hosts, what its links do now, and whether everything that should run does.
import { devicesOf } from "./lab.ts";
import { INTERNET } from "./impair.ts";
import type { Impairment } from "./impairment.ts";
import type { Direction } from "./lab-file.ts";
import { findNamespaces } from "../linux/namespace.ts";
import { currentLinks, marker, readState } from "./state.ts";
import type { LabState } from "./state.ts";
import { filterRuns } from "./wirefilter.ts";

export interface LabStatus extends Pick<LabState, "name" | "labFile" | "network" | "wireguard" | "impair"> {
  /** Unix time; absent: it never came up. */
  readonly upAtMs?: number;
  /** Every host and every wirefilter runs. */
  readonly healthy: boolean;
  readonly hosts: readonly HostStatus[];
  readonly links: readonly LinkStatus[];
}

interface HostStatus {
  readonly name: string;
  readonly kind: "node" | "hidden" | "nat" | "forwarder";
  readonly addresses: readonly string[];
  /** Of its init process; absent: it does not run. */
  readonly pid?: number;
}

interface LinkStatus extends Impairment, Direction {
  /** False: its wirefilter ended. */
  readonly running: boolean;
}

export async function status(name: string): Promise<LabStatus> {
  const state = await readState(name);
  const running = new Map(findNamespaces(marker(name)).map((each) => [each.marker, each]));
  const internet = running.get(marker(name) + INTERNET);
  const devices = internet ? devicesOf(internet) : "";
  const hosts = state.underlay.hosts.map(({ name: host, role, addresses }): HostStatus => {
    const pid = running.get(marker(name) + host)?.pid;
    return { name: host, kind: role.kind, addresses, ...(pid !== undefined && { pid }) };
  });
  const links = (await currentLinks(state)).map((each): LinkStatus => {
    const { from, to, over, impairment } = each.link;
    return {
      from,
      to,
      ...(over !== undefined && { over }),
      ...impairment,
      running: internet !== undefined && filterRuns(internet, devices, each),
    };
  });
  const healthy =
    internet !== undefined &&
    hosts.every(({ pid }) => pid !== undefined) &&
    links.every((link) => link.running);
  const { labFile, network, wireguard, impair, upAtMs } = state;
  return {
    name,
    labFile,
    network,
    wireguard,
    impair,
    ...(upAtMs !== undefined && { upAtMs }),
    healthy,
    hosts,
    links,
  };
}
