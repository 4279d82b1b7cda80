// The script that follows endpoints which are host names: WireGuard resolves a name once and never looks again.
import type { NodeState } from "../core/node-state.ts";
import { isNamed } from "../core/topology.ts";

/** Seconds after which a session that is in use has renewed its keys: older means dead or idle (REKEY_AFTER_TIME + REKEY_TIMEOUT). */
const STALE_S = 135;
const SEEN = "/run/tofro/endpoints";

export interface FollowOptions {
  /** Folder for what names said last time. */
  readonly seen: string;
  /** Peers that are dialled by address, too: one that has roamed and does not answer any more is dialled as planned. */
  readonly all: boolean;
}

/** Text for `/etc/tofro/follow`, to be run twice a minute; undefined where no endpoint is a name. */
export function followScript(
  state: NodeState,
  { seen, all }: FollowOptions = { seen: SEEN, all: false },
): string | undefined {
  const calls = state.interfaces.flatMap(({ name, peer }) =>
    peer.endpoint !== undefined && (all || isNamed(peer.endpoint))
      ? [`follow ${name} ${peer.publicKey} ${peer.endpoint.host} ${peer.endpoint.port}`]
      : [],
  );
  return calls.length === 0 ? undefined : `${followFunction(seen)}\n${calls.join("\n")}\nexit 0\n`;
}

/**
 * A peer that was heard from another address than its name says has roamed, and is left alone while it answers; when
 * the name itself has moved, or nothing answers, the name counts.
 */
const followFunction = (seen: string): string => `PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C
mkdir -p ${seen}
# follow INTERFACE PEER HOST PORT
follow() {
  addresses=$(getent ahosts "$3" | awk '!seen[$1]++ { print $1 }')
  [ -n "$addresses" ] || return 0
  now=$(wg show "$1" endpoints | awk '{ sub(/:[0-9]+$/, "", $2); gsub(/[][]/, "", $2); print $2 }')
  sorted=$(echo "$addresses" | sort)
  was=$(cat "${seen}/$1" 2>/dev/null)
  echo "$sorted" >"${seen}/$1"
  for each in $addresses; do
    [ "$each" != "$now" ] || return 0
  done
  age=$(($(date +%s) - $(wg show "$1" latest-handshakes | cut -f 2)))
  [ "$sorted" != "$was" ] || [ $age -gt ${STALE_S} ] || return 0
  first=$(echo "$addresses" | head -n 1)
  case $first in *:*) first="[$first]" ;; esac
  wg set "$1" peer "$2" endpoint "$first:$4" && echo "$1: $3 is at $first now, was $now"
}`;
