// Routes that no command names: the kernel makes them of addresses, wg-quick of allowed IPs.
import { hostPrefix } from "../address.ts";
import type { ConfigFile } from "./config-file.ts";
import type { SaidAddress, SaidRoute } from "./script.ts";

export const routesOfAddresses = (addresses: readonly SaidAddress[]): SaidRoute[] =>
  addresses.flatMap(({ address, prefix: own, peer, device, at }) => {
    const prefix = peer ?? own;
    return prefix === hostPrefix(address) ? [] : [{ prefix, device, table: "main", at }];
  });

export const routesOfWgQuick = ({ table, peers, name: device }: ConfigFile): SaidRoute[] =>
  table === "auto"
    ? peers.flatMap(({ allowedIps }) =>
        allowedIps.map(({ value: prefix, at }) => ({ prefix, device, table: "main", at })),
      )
    : [];
