// The doctor before the first apply: what the plan wants is taken already, or what it needs is not there.
import { describe, expect, it } from "vitest";
import { examine } from "../../src/core/doctor/examine.ts";
import type { Host } from "../../src/linux/command.ts";
import { factsOf } from "../../src/linux/facts.ts";
import { kernelLane } from "../support/patience.ts";
import { breakAndMend, doctor, eachFinding, labFor, sh, WELL, type Break } from "../support/doctor.ts";

// a and b lead what they forward another way than their own packets: they need rules and tables.
const NETWORK = `overlay: 10.70.0.0/24
nodes:
  a: {}
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
paths: [a -> b -> c, c -> a, b -> a -> c, c -> b]
`;

const LISTEN = "require('dgram').createSocket('udp4').bind(51820, () => console.log('up'))";

const BREAKS: readonly Break[] = [
  {
    what: "another interface of that name",
    at: "c",
    script: "ip link add wg-b type veth peer name veth9",
    finds: { "c interface-taken": /^ip link: wg-b mtu 1500 alias \(none\)$/ },
  },
  {
    what: "another interface with the name that keeps the node's addresses",
    at: "c",
    script: "ip link add tofro type veth peer name veth9",
    finds: { "c interface-taken": /^ip link: tofro mtu 1500 alias \(none\)$/ },
  },
  {
    what: "a program on the port of a tunnel",
    at: "b",
    // It ends by itself, should nobody end it.
    script: `timeout 300 ${process.execPath} -e "${LISTEN}" </dev/null >/run/listening 2>&1 & until grep -q up /run/listening; do sleep 0.1; done`,
    finds: { "b port-taken": /^ss: .*:51820 .*users:/ },
  },
  {
    what: "somebody else's route to another node",
    at: "b",
    script: "ip route add 10.70.0.3/32 dev lo proto static",
    finds: { "b route-taken": /^ip route: 10\.70\.0\.3\/32 dev lo proto static$/ },
  },
  {
    what: "a routing table of that number",
    at: "b",
    script: "ip route add 203.0.113.0/24 dev lo proto static table $TABLE",
    finds: { "b table-taken": /^ip route: 203\.0\.113\.0\/24 dev lo proto static table \d+$/ },
  },
  {
    what: "a rule with that priority",
    at: "b",
    script: "ip rule add priority 11600 from 203.0.113.9 table 77",
    finds: { "b rule-taken": /^ip rule: 11600: lookup 77/ },
  },
];

describe("before the first apply", () => {
  const lab = labFor(NETWORK, { bare: true });

  it("finds nothing on machines that are well", async () => {
    expect(await doctor(lab().name)).toMatchObject(WELL);
  });

  it.each(eachFinding(BREAKS))("finds and mends $what", async (each) => {
    const { rules } = lab().plan.states.find(({ node }) => node === each.at)!;
    await breakAndMend(lab(), { ...each, script: each.script.replace("$TABLE", String(rules[0]?.table)) });
  });

  it("says what a user who is not root cannot know", async () => {
    const { plan, host } = lab();
    const root = await host("c");
    const user: Host = {
      ...root,
      run: (argv, options) => root.run(["setpriv", "--reuid=65534", "--clear-groups", ...argv], options),
    };
    const state = plan.states.find(({ node }) => node === "c")!;
    const found = examine(plan, state, await factsOf(user, state)).find(({ code }) => code === "not-root");
    expect(found).toMatchObject({ severity: "error", mend: ["sudo tofro doctor --node c"] });
  });

  it.each([
    ["nft", "missing-commands", "nftables"],
    ["flock", "missing-commands", "util-linux"],
    // A kernel with WireGuard needs none.
    ...(kernelLane === undefined ? [["wireguard-go", "no-wireguard", "wireguard-go"] as const] : []),
  ] as const)("names the package without which there is no %s", async (command, code, name) => {
    const host = await lab().host("c");
    const file = (await sh(host, `readlink -f "$(command -v ${command})"`)).trim();
    const owner = await sh(host, `dpkg -S ${file} || dpkg -S /bin/${command} || true`);
    // Not executable: as if it were not there.
    await sh(host, `mount --bind /dev/null ${file}`);
    const { findings } = await doctor(lab().name);
    await sh(host, `umount ${file}`);
    const found = findings.filter((each) => each.node === "c" && each.code === code);
    expect(found).toHaveLength(1);
    expect(found[0]!.mend).toEqual([`apt-get install --no-install-recommends ${name}`]);
    expect(owner.split(":")[0]).toBe(name);
    expect(await doctor(lab().name)).toMatchObject(WELL);
  });
});
