// Uplinks that tunnels are led to: whether the machine's table leads out there, and lets back in what comes from there.
import { familyOf, type Family } from "../address.ts";
import type { TunnelInterface } from "../node-state.ts";
import { isOfUplink } from "../uplink-rules.ts";
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

interface Way {
  readonly table: number;
  readonly family: Family;
  readonly tunnels: readonly TunnelInterface[];
}

export const judgeUplinks = (subject: Subject): Found[] =>
  waysOf(subject).flatMap((way) => {
    const device = subject.facts.uplinks.get(`${way.table} ${way.family}`);
    return device === undefined ? [noRoute(way)] : strict(subject, way, device);
  });

const waysOf = ({ state }: Subject): Way[] =>
  state.rules.filter(isOfUplink).flatMap(({ table, fwmark, from }) =>
    typeof table === "number"
      ? [
          {
            table,
            family: familyOf(from),
            tunnels: state.interfaces.filter((each) => each.fwmark === fwmark),
          },
        ]
      : [],
  );

const namesOf = ({ tunnels }: Way): string => tunnels.map(({ tunnel }) => tunnel).join(", ");

function noRoute(way: Way): Found {
  const { table, family } = way;
  return {
    code: "uplink-table",
    severity: "error",
    message: `routing table ${table}, by which ${namesOf(way)} shall leave, has no IPv${family} route: the uplink is down, or its route is not there`,
    evidence: `ip -${family} route show table ${table}: nothing`,
    mend: [],
    lasting: `put the uplink's default route into table ${table}, where this machine's network is set up`,
  };
}

/** What comes in there is looked up the other way round, without the mark: main leads to another uplink. */
function strict({ facts }: Subject, way: Way, device: string): Found[] {
  const value = (name: string): number => Number(facts.sysctls.get(`net/ipv4/conf/${name}/rp_filter`) ?? 0);
  if (way.family !== 4 || Math.max(value("all"), value(device)) !== 1) return [];
  const own = facts.addresses.filter((each) => each.interface === device);
  const isLed = facts.rules.some(
    ({ from, table }) => table !== "main" && own.some(({ address }) => from === `${address}/32`),
  );
  if (isLed) return [];
  const seen = ["all", device].map((name) => `net.ipv4.conf.${name}.rp_filter = ${value(name)}`);
  return [
    {
      code: "strict-rp-filter",
      severity: "error",
      message: `rp_filter is strict on ${device}, and the way back by the main table is another: what comes in there is dropped, of ${namesOf(way)}`,
      evidence: seen.join("; "),
      mend: [`sysctl -w net.ipv4.conf.${device}.rp_filter=2`],
      lasting: `echo 'net.ipv4.conf.${device}.rp_filter = 2' >/etc/sysctl.d/60-${device}.conf`,
    },
  ];
}
