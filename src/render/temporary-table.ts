// An nftables table that only counts and is gone when its time is over, whoever has started it is still there or not.

export interface TemporaryTable {
  /** `inet tofro_…`, never one of the plan. */
  readonly table: string;
  /** Stands in the watcher's argv, so that no other process is taken for it. */
  readonly token: string;
  readonly timeoutS: number;
  readonly commands: readonly string[];
}

/** Shell lines. `arm` makes the table, and prints the section `watcher`; `disarm` removes it, and ends that watcher. */
export const temporaryTable = ({ table, token, timeoutS, commands }: TemporaryTable) => ({
  arm: [
    "nft -f - <<'NFT' || exit",
    `add table ${table}`,
    ...commands,
    "NFT",
    // In a session of its own: what ends the shell, or the connection to it, must not end this.
    `setsid sh -c 'sleep ${timeoutS}; nft delete table ${table}' ${token} </dev/null >/dev/null 2>&1 &`,
    "echo '== watcher'",
    "echo $!",
  ].join("\n"),
  disarm: (watcher: number): string =>
    [
      `nft delete table ${table} 2>/dev/null`,
      `! grep -qs ${token} /proc/${watcher}/cmdline || kill -- -${watcher}`,
    ].join("\n"),
});
