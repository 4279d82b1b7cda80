// The resolvers that a machine was told of, where the plan leads its queries elsewhere: one at least must be such that it can.
import { contains, familyOf, parseAddress, type Address } from "../address.ts";
import type { Exits } from "../node-state.ts";
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

/** A `nameserver` line of a file in the manner of resolv.conf(5). */
export interface SeenResolver {
  readonly file: string;
  /** As it stands there, with a zone perhaps. */
  readonly text: string;
}

export const RESOLV_CONF = "/etc/resolv.conf";
/** systemd-resolved's own upstreams, where the other file names its stub. */
export const UPSTREAMS = "/run/systemd/resolve/resolv.conf";
const STUB = /^127\.0\.0\.5[34]$/;

/** Of a line `FILE ADDRESS`. */
export const resolverOf = (line: string): SeenResolver[] => {
  const [file, text] = line.split(" ");
  return file === undefined || text === undefined ? [] : [{ file, text }];
};

/** A resolver on the loopback that is not systemd's has upstreams that nobody knows. */
export function judgeResolvers({ facts, state }: Subject): Found[] {
  const { exits } = state.firewall;
  if (exits?.dns === undefined) return [];
  const told = facts.resolvers.filter(({ file }) => file === RESOLV_CONF);
  const isStub = told.some(({ text }) => STUB.test(text));
  const asked = isStub ? facts.resolvers.filter(({ file }) => file === UPSTREAMS) : told;
  if (asked.length === 0 || asked.some(({ text }) => isAnswered(text, exits))) return [];
  const [first] = exits.dns.resolvers;
  return [
    {
      code: "resolver-refused",
      severity: "error",
      message:
        "names are not resolved: this machine knows no resolver whose queries the plan can lead to its own",
      evidence: `${asked[0]!.file}: nameserver ${asked.map(({ text }) => text).join(", ")}`,
      ...(isStub
        ? {
            mend: [
              "mkdir -p /etc/systemd/resolved.conf.d",
              `printf '[Resolve]\\nDNS=${first}\\n' >/etc/systemd/resolved.conf.d/exit.conf`,
              "systemctl restart systemd-resolved",
            ],
          }
        : {
            mend: [`echo 'nameserver ${first}' >>${RESOLV_CONF}`],
            lasting: `name ${first} in the settings of what writes ${RESOLV_CONF}, if something does`,
          }),
    },
  ];
}

function isAnswered(text: string, { dns, inside }: Exits): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  if (isLoopback(address)) return true;
  if ([...inside, ...dns!.except].some((prefix) => contains(prefix, address))) return true;
  return !/^fe[89ab]/.test(address) && dns!.resolvers.some((each) => familyOf(each) === familyOf(address));
}

const isLoopback = (address: Address): boolean => address === "::1" || address.startsWith("127.");
