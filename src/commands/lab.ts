// `tofro lab`: builds a network in namespaces of this machine, changes its underlay and takes it down again.
import { Argument, Command, Option } from "@commander-js/extra-typings";
import { compile } from "../core/plan.ts";
import { formatDiagnostic, TofroError } from "../core/error.ts";
import { describe } from "../lab/impairment.ts";
import { exec } from "../lab/exec.ts";
import { down, up } from "../lab/lab.ts";
import { directionText } from "../lab/lab-file.ts";
import { loadLab, networkPath } from "../lab/load.ts";
import { probe } from "../lab/machine.ts";
import { parseChange, set } from "../lab/set.ts";
import { currentLinks, DEFAULT_LAB, readState } from "../lab/state.ts";
import type { LabState } from "../lab/state.ts";
import { status } from "../lab/status.ts";
import type { LabStatus } from "../lab/status.ts";
import type { Host } from "../linux/command.ts";
import { refuseByHand } from "../core/by-hand.ts";
import type { Forwarder } from "../core/topology.ts";
import { needsWeb } from "./allow-changes.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { parsePort } from "./port.ts";

/** Makes what the overlay of a network file needs (plan, keys) before the lab is built; throws its mistakes. */
export type PrepareOverlay = (networkFile: string) => Promise<{
  readonly forwarders: readonly Forwarder[];
  /** Brings the overlay up on one node; called for all nodes at once. */
  readonly bringUp: (host: Host, node: string, state: LabState) => Promise<void>;
}>;

export interface ShowOptions {
  readonly port: number;
  readonly allowChanges?: true | undefined;
}

/** Shows a lab that is up in a browser until interrupted. */
export type ShowLab = (name: string, options: ShowOptions, io: Io) => Promise<void>;

const NAME = "the lab's name, for several side by side";
const nameOption = () => new Option("--name <name>", NAME).default(DEFAULT_LAB);
/** Other verbs call it `--lab`. */
const labOption = () => new Option("--lab <name>").hideHelp();
const nameOf = (options: { name: string; lab?: string | undefined }): string => options.lab ?? options.name;
const jsonOption = () => new Option("--json", "print as JSON");

export function labCommand(io: Io, prepare: PrepareOverlay, show: ShowLab) {
  // `exec` leaves the options behind its arguments to the command that it runs.
  const lab = new Command("lab")
    .description("build the network in namespaces on this machine, and try it")
    .enablePositionalOptions();
  lab.addCommand(upCommand(io, prepare, show));
  lab.addCommand(execCommand(io));
  lab.addCommand(setCommand(io));
  lab.addCommand(statusCommand(io));
  lab.addCommand(downCommand(io));
  return lab;
}

const upCommand = (io: Io, prepare: PrepareOverlay, show: ShowLab) =>
  new Command("up")
    .description("start the lab that a lab file describes")
    .argument("<lab-file>", "names the network and what its underlay does")
    .addOption(nameOption())
    .addOption(labOption())
    .option("--bare", "the underlay alone, without tunnels")
    .addOption(
      new Option("--web", "install agents, and show what they do in a browser until interrupted").conflicts([
        "bare",
        "json",
      ]),
    )
    .option("--port <number>", "of --web; 0 takes a free one", parsePort, 0)
    .option("--allow-changes", "of --web: the page may change delay and loss of the lab's links")
    .addOption(
      new Option("--wireguard <kind>", "instead of what this machine has").choices([
        "kernel",
        "userspace",
      ] as const),
    )
    .addOption(
      new Option("--impair <how>", "instead of what this machine has").choices([
        "netem",
        "wirefilter",
      ] as const),
    )
    .addOption(jsonOption())
    .action(async (file, options) => {
      needsWeb(options);
      const { lab, spec, warnings } = await loadLab(file);
      if (options.web) refuseByHand(spec);
      for (const warning of warnings) io.stderr(`${formatDiagnostic(warning)}\n`);
      const { wireguard, impair } = options;
      const name = nameOf(options);
      const wanted = { ...(wireguard && { wireguard }), ...(impair && { impair }) };
      // Before keys are made and files written for a lab that cannot run here.
      const means = await probe(wanted, { wireguard: !options.bare });
      // With agents it is apply that brings the overlay up.
      const prepared = options.bare || options.web ? undefined : await prepare(networkPath(lab));
      const stop = new AbortController();
      const message = "Cannot finish the lab: interrupted; nothing of it is left";
      const abort = (): void => stop.abort(new TofroError(message));
      process.once("SIGINT", abort).once("SIGTERM", abort).once("SIGHUP", abort);
      try {
        await up({
          lab,
          spec,
          name,
          signal: stop.signal,
          forwarders: prepared?.forwarders ?? compile(spec).topology.forwarders,
          means,
          ...(prepared && { overlay: prepared.bringUp }),
        });
      } finally {
        process.off("SIGINT", abort).off("SIGTERM", abort).off("SIGHUP", abort);
      }
      io.stdout(options.json ? json(await status(name)) : summary(await status(name)));
      if (options.web) await show(name, options, io);
    });

const execCommand = (io: Io) =>
  new Command("exec")
    .description("run a command in a lab host; its exit code is passed on")
    .argument("<node>", "a node, forwarder or NAT router (`<node>.nat`)")
    .argument("<command...>", "the command, behind `--` when it has options")
    .addOption(nameOption())
    .addOption(labOption())
    .passThroughOptions()
    .action(async (node, argv, options) => {
      // Not one of tofro's own codes: whatever the command says.
      io.exit(await exec(nameOf(options), node, argv));
    });

const setCommand = (io: Io) =>
  new Command("set")
    .description("change links of the underlay while traffic flows")
    .argument("<link>", "one direction `a -> c`, or both: `a <-> c`; by an uplink: `a -[uplink]-> c`")
    .addArgument(new Argument("<change...>", "delay=30ms jitter=5ms loss=2% rate=20mbit, some of them"))
    .addOption(nameOption())
    .addOption(labOption())
    .action(async (link, changes, options) => {
      const name = nameOf(options);
      const state = await readState(name);
      const links = (await currentLinks(state)).map((each) => each.link);
      const names = [...new Set(links.flatMap(({ from, to }) => [from, to]))];
      const uplinksOf = (from: string, to: string): string[] =>
        links.flatMap((each) => (each.from === from && each.to === to ? (each.over ?? []) : []));
      const changed = await set(name, parseChange(link, changes, names, uplinksOf));
      for (const { link: now } of changed) {
        io.stdout(`${directionText(now)}: ${describe(now.impairment)}\n`);
      }
    });

const statusCommand = (io: Io) =>
  new Command("status")
    .description("show a lab's hosts and what its links do now")
    .addOption(nameOption())
    .addOption(labOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const found = await status(nameOf(options));
      io.stdout(options.json ? json(found) : summary(found));
      if (!found.healthy) io.exit(3);
    });

const downCommand = (io: Io) =>
  new Command("down")
    .description("end a lab and all that runs in it")
    .addOption(nameOption())
    .addOption(labOption())
    .action(async (options) => {
      const name = nameOf(options);
      const ended = await down(name);
      io.stdout(ended ? `lab "${name}" is down\n` : `lab "${name}" was not up\n`);
    });

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function summary(lab: LabStatus): string {
  const hosts = lab.hosts.map(({ name, kind, addresses, pid }) => [
    name,
    kind === "hidden" ? "behind NAT" : kind,
    addresses.join(" "),
    pid === undefined ? "not running" : "",
  ]);
  const links = lab.links.map(({ running, ...link }) => [
    directionText(link),
    describe(link),
    running ? "" : "not running",
  ]);
  const title = `lab "${lab.name}" of ${lab.labFile}: ${lab.wireguard} WireGuard, ${lab.impair}`;
  return `${title}\n\n${columns(hosts, "  ")}\n${columns(links, "  ")}`;
}
