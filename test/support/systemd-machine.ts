// A machine whose PID 1 is this system's own systemd, in namespaces: networkd, sshd and nftables run as on a server, and its
// disk outlives a reboot. Only for the virtual machine of the real-kernel lane, whose network and ssh settings it uses.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Host } from "../../src/linux/command.ts";
import { kernelLane } from "./patience.ts";
import { namespaceHost } from "../../src/linux/namespace.ts";

const BRIDGE = "underlay";
const SSH_CONFIG = "/etc/ssh/ssh_config.d/tofro-test.conf";
const CGROUPS = "/sys/fs/cgroup";

export interface SystemdMachine {
  readonly name: string;
  /** By namespaces, beside its network: seen also while nothing of that works. */
  readonly host: () => Host;
  /** Where what it changes of its disk is seen. */
  readonly disk: string;
  /** As an administrator does it. Returns when it is up again and takes logins. */
  readonly reboot: () => Promise<void>;
}

export interface SystemdMachines {
  readonly start: (name: string, address: string) => Promise<SystemdMachine>;
  /** Ends all of them and leaves nothing. */
  readonly end: () => Promise<void>;
}

// `$1` is the machine's name, `$2` its folder, `$3` its address, `$4` the public key that may log in as root. What is
// enabled on this system shall not run: only what stands here, and what systemd cannot do without.
const INIT = `set -e
mount --make-rprivate /
new=; [ -d "$2/upper" ] || new=yes
mkdir -p "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work" tofro "$2/root"
cd "$2/root"
mount -t proc proc proc
# Read-only, as in every container: systemd then expects no udev.
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
mkdir dev/net dev/pts dev/shm
for each in null zero full random urandom tty net/tun; do : >dev/$each; mount --bind /dev/$each dev/$each; done
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
if [ "$new" ]; then
  rm -rf etc/systemd/system etc/systemd/network etc/rc?.d etc/fstab etc/tofro etc/hosts etc/resolv.conf var/log/journal root/.bashrc root/.profile root/.bash_profile root/.bash_login
  mkdir -p etc/systemd/system etc/systemd/network etc/ssh/sshd_config.d
  : >etc/machine-id
  echo "$1" >etc/hostname
  echo "127.0.0.1 localhost $1" >etc/hosts
  echo "$4" >etc/ssh/root_keys
  printf 'AuthorizedKeysFile /etc/ssh/root_keys\\nPermitRootLogin prohibit-password\\nUsePAM no\\n' >etc/ssh/sshd_config.d/test.conf
  sed -i 's/^root:[^:]*/root:*/' etc/shadow
  ls etc/ssh/ssh_host_* >/dev/null 2>&1 || ssh-keygen -A -f . >/dev/null
  printf '[Match]\\nName=eth0\\n[Network]\\nAddress=%s/24\\nLinkLocalAddressing=no\\nIPv6AcceptRA=no\\n' "$3" >etc/systemd/network/eth0.network
  # As Debian's package has it: it flushes everything first.
  printf '#!/usr/sbin/nft -f\\nflush ruleset\\ntable inet filter {\\n  chain input { type filter hook input priority filter; }\\n  chain forward { type filter hook forward priority filter; }\\n}\\n' >etc/nftables.conf
  systemctl --quiet --root=. enable systemd-networkd ssh nftables >&2
  systemctl --quiet --root=. mask console-getty getty@tty1 systemd-logind systemd-resolved systemd-timesyncd \
    systemd-modules-load modprobe@configfs modprobe@dm_mod modprobe@drm modprobe@efi_pstore modprobe@fuse modprobe@loop \
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
    systemd-sysusers systemd-network-generator systemd-update-utmp systemd-remount-fs systemd-journal-flush \
    systemd-tmpfiles-setup-dev systemd-tmpfiles-clean.timer
  systemctl --quiet --root=. set-default multi-user.target
fi
hostname "$1"
pivot_root . mnt
cd /
umount -l /mnt
echo ready
read -r go
exec env -i container=tofro PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal </dev/null`;

/** The wire between the machines is a bridge of this machine, which is at `address`. */
export async function systemdMachines(address: string): Promise<SystemdMachines> {
  if (kernelLane === undefined)
    throw new Error("not on a machine that somebody needs: only in the lane's virtual machine");
  const folder = mkdtempSync(join(tmpdir(), "tofro-machines-"));
  const key = join(folder, "key");
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  const { stdout: publicKey } = await run(["cat", `${key}.pub`]);
  mkdirSync("/etc/ssh/ssh_config.d", { recursive: true });
  const options = [
    `IdentityFile ${key}`,
    "StrictHostKeyChecking no",
    "UserKnownHostsFile /dev/null",
    "LogLevel ERROR",
  ];
  writeFileSync(SSH_CONFIG, `Host 198.51.100.*\n${options.map((line) => `  ${line}\n`).join("")}`);
  // Nobody advertises routers here, and a wire comes anew with each boot.
  await run(["sysctl", "-qw", "net.ipv6.conf.default.accept_ra=0"]);
  await run(["ip", "link", "add", BRIDGE, "type", "bridge"]);
  await run(["ip", "address", "add", `${address}/24`, "dev", BRIDGE]);
  await run(["ip", "link", "set", BRIDGE, "up"]);
  const ends: (() => Promise<void>)[] = [];
  return {
    async start(name, itsAddress) {
      const place: Place = {
        name,
        folder: join(folder, name),
        address: itsAddress,
        publicKey: publicKey.trim(),
      };
      mkdirSync(place.folder);
      let running = await boot(place);
      ends.push(() => running.end());
      return {
        name,
        disk: join(place.folder, "upper"),
        host: () => running.host,
        async reboot() {
          // The connection ends with the machine.
          await running.host.run(["systemctl", "reboot"], { anyExit: true });
          await running.ended;
          running = await boot(place);
        },
      };
    },
    async end() {
      await Promise.all(ends.map((end) => end()));
      await run(["ip", "link", "del", BRIDGE]);
      rmSync(SSH_CONFIG);
      rmSync(folder, { recursive: true });
    },
  };
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly address: string;
  readonly publicKey: string;
}

interface Running {
  readonly host: Host;
  readonly ended: Promise<void>;
  readonly end: () => Promise<void>;
}

async function boot({ name, folder, address, publicKey }: Place): Promise<Running> {
  const group = join(CGROUPS, `tofro-${name}`);
  mkdirSync(group, { recursive: true });
  // In a group of its own before it is the root of a cgroup namespace.
  const script = `echo $$ >"$0/cgroup.procs" && exec unshare --fork --kill-child --pid --mount --net --uts --ipc --cgroup --mount-proc sh -c "$1" sh "$2" "$3" "$4" "$5"`;
  const child = spawn("sh", ["-c", script, group, INIT, name, folder, address, publicKey], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await ready(child, name);
  const { stdout } = await run(["cat", `/proc/${child.pid}/task/${child.pid}/children`]);
  const pid = Number(stdout.trim());
  const wire = `v-${name}`;
  // The same card after a reboot.
  const mac = `02:00:${address
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"))
    .join(":")}`;
  const peer = ["type", "veth", "peer", "name", "eth0", "address", mac, "netns", String(pid)];
  await run(["ip", "link", "add", wire, ...peer]);
  await run(["sysctl", "-qw", `net.ipv6.conf.${wire}.disable_ipv6=1`]);
  await run(["ip", "link", "set", wire, "master", BRIDGE, "up"]);
  child.stdin.end("go\n");
  const host = namespaceHost(name, { marker: name, pid });
  // It waits for all that starts, ours among it.
  const script2 = "until [ -S /run/systemd/private ]; do sleep 0.1; done; systemctl is-system-running --wait";
  const state = await host.run(["sh", "-c", script2], { anyExit: true, timeoutMs: 200_000 });
  if (state.stdout.trim() !== "running") {
    const { stdout: why } = await host.run([
      "sh",
      "-c",
      "systemctl --failed --no-pager; journalctl -b --no-pager | tail -n 50",
    ]);
    throw new Error(`${name} is ${state.stdout}${why}`);
  }
  return {
    host,
    ended,
    async end() {
      process.kill(pid, "SIGKILL");
      await ended;
    },
  };
}

function ready(child: ChildProcess, name: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let errors = "";
  child.stdout!.once("data", () => resolve());
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
  child.once("close", () => reject(new Error(`${name} does not start: ${errors}`)));
  return promise;
}
