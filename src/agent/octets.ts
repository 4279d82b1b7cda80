// What an interface has counted, as the kernel says (Documentation/ABI/testing/sysfs-class-net-statistics).
import { readFileSync } from "node:fs";

/** Undefined: there is no such interface. */
export function octetsOf(name: string, way: "rx" | "tx"): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/statistics/${way}_bytes`, "utf8"));
  } catch {
    return undefined;
  }
}
