// The MTUs of tunnels as files set them and as `ip` shows them, joined.
import { DEFAULT_MTU } from "../spec.ts";
import type { ConfigFile } from "./config-file.ts";
import type { JoinedTunnels } from "./join-tunnels.ts";
import type { Live } from "./live.ts";

/** What the kernel takes by itself need not be said. */
export function joinMtus(
  files: readonly ConfigFile[],
  { devices }: Live,
  isAbsent: (device: string) => boolean,
): Omit<JoinedTunnels, "absent"> {
  const differences: JoinedTunnels["differences"][number][] = [];
  const told = files.map((file) => {
    const device = devices.find(({ name }) => name === file.name);
    const { mtu: written, name } = file;
    if (device?.mtu === undefined || isAbsent(name) || device.mtu === (written?.value ?? DEFAULT_MTU))
      return file;
    if (written !== undefined) {
      const message = `${name} has an MTU of ${device.mtu}, not of ${written.value}`;
      differences.push({ at: written.at, message, liveAt: device.at });
    }
    return { ...file, mtu: { value: device.mtu, at: device.at } };
  });
  return { files: told, differences };
}
