// Where one machine shall go: the plan's state, or nothing of ours, and what is put back of what tofro had changed.
import { NOTHING, wantedState, type MachineState } from "./machine-state.ts";
import type { NodeState, Sysctl } from "./node-state.ts";
import type { Observed } from "./observed.ts";
import { routerAdvertisementKey } from "./router-advertisement.ts";

export interface Target {
  readonly state: MachineState;
  /** Sysctls as they were before tofro, to be kept on the machine; empty when it leaves. */
  readonly was: readonly Sysctl[];
}

/** The plan on this machine. Throws when the machine's nft refused the plan's table. */
export function planTarget(
  plan: NodeState,
  observed: Observed,
  presharedKeyPrints: ReadonlyMap<string, string>,
): Target {
  if (observed.firewallWanted === undefined) throw new Error("its nft does not take the plan's table");
  const forwards6 = plan.sysctls.some(({ key }) => key === "net.ipv6.conf.all.forwarding");
  const sysctls = forwards6 ? routerAdvertisements(observed) : [];
  const wanted = wantedState(plan, {
    presharedKeyPrints,
    identityDevice: observed.hasDummy ? "dummy" : "tun",
    firewall: observed.firewallWanted,
    sysctls,
  });
  const shared = [...wanted.sysctls.keys()].filter((key) => !isOfOurs(key, wanted, observed));
  const was = [
    ...observed.was.filter(({ key }) => shared.includes(key)),
    ...shared.flatMap((key) => {
      const value = observed.state.sysctls.get(key);
      const known = observed.was.some((each) => each.key === key);
      return known || value === undefined || value === wanted.sysctls.get(key) ? [] : [{ key, value }];
    }),
  ];
  const back = stillThere(observed).filter(({ key }) => !wanted.sysctls.has(key));
  const all = new Map([...wanted.sysctls, ...back.map(({ key, value }) => [key, value] as const)]);
  return { state: { ...wanted, sysctls: all }, was };
}

/** Nothing of ours, and every sysctl as it was. */
export const downTarget = (observed: Observed): Target => ({
  state: { ...NOTHING, sysctls: new Map(stillThere(observed).map(({ key, value }) => [key, value])) },
  was: [],
});

/** An interface that is gone took its settings with it. */
const stillThere = ({ was, state }: Observed): readonly Sysctl[] =>
  was.filter(({ key }) => state.sysctls.has(key));

/** Forwarding makes an interface ignore router advertisements; 2 keeps them where they were heeded. */
const routerAdvertisements = ({ routerAdvertisements: values, was, foreign }: Observed): Sysctl[] =>
  [...values].flatMap(([name, value]) => {
    const key = routerAdvertisementKey(name);
    const isOurs = was.some((each) => each.key === key);
    return foreign.has(name) && (value === "1" || isOurs) ? [{ key, value: "2" }] : [];
  });

/** Settings of our own interfaces go with them. */
const isOfOurs = (key: string, wanted: MachineState, observed: Observed): boolean =>
  [...wanted.interfaces.keys(), ...observed.state.interfaces.keys()].some((name) =>
    key.includes(`.conf.${name}.`),
  );
