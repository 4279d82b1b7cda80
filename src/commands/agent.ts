// `tofro agent`: the agent of one node in the foreground, on this machine or a lab's host, until Ctrl-C.
import { Command } from "@commander-js/extra-typings";
import { CONFIG_NAME, formatConfig } from "../core/agent/config.ts";
import { agentProgram } from "../agent/bundle.ts";
import type { Sysctl } from "../core/node-state.ts";
import { compile } from "../core/plan.ts";
import { TofroError } from "../core/error.ts";
import { exec } from "../lab/exec.ts";
import { labHost } from "../lab/lab.ts";
import { readState } from "../lab/state.ts";
import { localHost } from "../linux/command.ts";
import { onTerminal } from "../linux/terminal.ts";
import { AGENT_RUN, PROGRAM_NAME } from "../render/agent.ts";
import { ETC } from "../render/change.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";
import { checkNode } from "./node-argument.ts";

/** 128 and SIGINT: what stands between the terminal and a lab's host may end sooner than the agent does. */
const INTERRUPTED = 130;
const CLEAN = `pid=$(cat ${AGENT_RUN}/pid 2>/dev/null)
for try in $(seq 100); do [ -n "$pid" ] && kill -0 $pid 2>/dev/null || break; sleep 0.1; done
rm -rf ${AGENT_RUN}
`;

export const agentCommand = (io: Io) =>
  networkOptions(new Command("agent"))
    .description(
      "run a node's agent in the foreground: hold the machine at the plan, measure, choose, fail over; Ctrl-C ends it",
    )
    .argument("<node>", "the node that this machine is, or a host of the lab")
    .action(async (node, options) => {
      const { spec, lock } = await loadNetwork(options, io);
      checkNode(
        spec.nodes.map(({ name }) => name),
        node,
      );
      const { lab } = options;
      const host = lab === undefined ? localHost : await labHost(lab, node);
      const wireguard = lab === undefined ? undefined : (await readState(lab)).wireguard;
      const { sysctls } = compile(spec, lock, { agents: true }).states.find((each) => each.node === node)!;
      await refuse(node, compile(spec, lock), async (script) => {
        const { stdout } = await host.run(["sh", "-s"], { input: script, anyExit: true });
        return stdout;
      });
      const was = await host.run(["sh", "-s"], { input: noteScript(sysctls) });
      await host.run(["mkdir", "-p", "-m", "700", AGENT_RUN]);
      const config = formatConfig({ node, spec, lock, ...(wireguard && { wireguard }) });
      const program = `${AGENT_RUN}/${PROGRAM_NAME}`;
      await host.writeFile(program, await agentProgram(), 0o600);
      await host.writeFile(`${AGENT_RUN}/${CONFIG_NAME}`, config, 0o600);
      io.stderr(`${node}: agent begins; it reports what it repairs, and Ctrl-C ends it\n`);
      const argv = [process.execPath, program, AGENT_RUN];
      try {
        const code = await (lab === undefined ? onTerminal(argv) : exec(lab, node, argv));
        if (code !== 0 && code !== INTERRUPTED)
          throw new TofroError(`The agent of ${node} ended with exit code ${code}, see above`);
      } finally {
        const input = `${CLEAN}${restoreLines(was.stdout)}`;
        await host.run(["sh", "-s"], { input, anyExit: true, timeoutMs: 30_000 });
      }
    });

/** Prints the settings that the agent may change and that no interface of ours takes along when it goes. */
const noteScript = (sysctls: readonly Sysctl[]): string =>
  [
    ...sysctls.filter(({ key }) => key.endsWith("forward") || key.endsWith(".all.forwarding")).map(print),
    "for each in /proc/sys/net/ipv6/conf/*/accept_ra; do [ ! -e $each ] || echo $each $(cat $each); done",
    "",
  ].join("\n");

const print = ({ key }: Sysctl): string => {
  const path = `/proc/sys/${key.replaceAll(".", "/")}`;
  return `echo ${path} $(cat ${path})`;
};

const restoreLines = (was: string): string =>
  Array.from(
    was.matchAll(/^(\/proc\/sys\/net\/\S+) (\d+)$/gm),
    ([, path, value]) => `[ ! -e ${path} ] || [ "$(cat ${path})" = ${value} ] || echo ${value} >${path}\n`,
  ).join("");

/** Throws "machine" where the agent would have nothing to hold, or another one holds it. */
async function refuse(
  node: string,
  { states }: ReturnType<typeof compile>,
  ask: (script: string) => Promise<string>,
): Promise<void> {
  const state = states.find((each) => each.node === node)!;
  const said = await ask(
    [
      `[ "$(id -u)" = 0 ] || echo root`,
      `[ -e ${ETC}/up ] || echo plan`,
      `[ ! -e ${AGENT_RUN}/pid ] || ! kill -0 $(cat ${AGENT_RUN}/pid) 2>/dev/null || echo runs`,
      ...state.interfaces.map(({ name }) => `[ -e /sys/class/net/${name} ] || echo plan`),
      "",
    ].join("\n"),
  );
  const why: Readonly<Record<string, string>> = {
    root: "it needs root",
    plan: `this machine does not have the plan of ${node}: \`tofro apply\` first`,
    runs: "one runs there already",
  };
  const [first] = said.split("\n");
  const message = why[first ?? ""];
  if (message !== undefined)
    throw new TofroError(`Cannot start the agent of ${node}: ${message}`, { kind: "machine" });
}
