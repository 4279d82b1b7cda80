// Shell lines that switch forwarding on, note in a folder what was there before, and put that back.
import type { NodeState, Sysctl } from "../core/node-state.ts";

const V4 = "/proc/sys/net/ipv4";
const V6 = "/proc/sys/net/ipv6";

const isOfInterface = (key: string, name: string): boolean => key.includes(`.conf.${name}.`);

/** Those that come and go with one interface. */
export const interfaceSysctls = ({ sysctls }: NodeState, name: string): Sysctl[] =>
  sysctls.filter(({ key }) => isOfInterface(key, name));

/** Those of the whole machine. */
export const machineSysctls = ({ sysctls, interfaces }: NodeState): Sysctl[] =>
  sysctls.filter(({ key }) => !interfaces.some((each) => isOfInterface(key, each.name)));

/** Sets them; `run` is a folder that has `saved` in it, and the first to note something there wins. */
export const switchedOn = (run: string, sysctls: readonly Sysctl[]): string[] =>
  sysctls.flatMap(({ key, value }) => [
    ...(key.startsWith("net.ipv6.") ? keepIpv6(run) : keepIpv4(run)),
    `sysctl -qw ${key}=${value}`,
  ]);

/** Parts of one command line, to be joined by `; `. */
export const putBack = (run: string): string[] => [
  `for f in $(ls ${run}/saved)`,
  `do while IFS=: read -r key was; do if [ -e $key ]; then echo $was > $key; fi; done < ${run}/saved/$f; done`,
];

/** Notes what is there, unless that was done already; `key:value` lines, restored in order. */
const save = (run: string, family: string, ...files: readonly string[]): string =>
  `was=$(grep -H . ${files.join(" ")}); (set -C; echo "$was" > ${run}/saved/${family}) 2>/dev/null || true`;

/** The kernel sets these by itself when forwarding is switched (inet_forward_change). */
const keepIpv4 = (run: string): string[] => [
  save(run, "ipv4", `${V4}/ip_forward`, `${V4}/conf/*/forwarding`, `${V4}/conf/*/accept_redirects`),
];

/** Forwarding makes an interface ignore router advertisements; 2 keeps them where they were heeded. */
const keepIpv6 = (run: string): string[] => [
  save(run, "ipv6", `${V6}/conf/all/forwarding`, `${V6}/conf/*/forwarding`, `${V6}/conf/*/accept_ra`),
  `for ra in ${V6}/conf/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done`,
];
