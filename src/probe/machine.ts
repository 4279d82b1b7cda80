// What a run does on one machine: look, arm, go, collect, release. Each is one script in its shell, as root.
import { hostname, userInfo } from "node:os";
import { TofroError } from "../core/error.ts";
import type { Host } from "../linux/command.ts";
import { STAMP_PORT, type ProberResult } from "../stamp/config.ts";
import type { Run } from "./configs.ts";
import { PROBER } from "./prober-source.ts";
import { armScript, collectScript, goScript, pin, releaseScript, surveyScript } from "./scripts.ts";
import { parseSurvey, type Survey } from "./survey.ts";

/** A machine that takes part. */
export interface Part {
  readonly node: string;
  readonly host: Host;
  readonly survey: Survey;
}

export interface Collected {
  readonly result: ProberResult;
  /** Unix time in s by interface; 0: never. */
  readonly handshakes: ReadonlyMap<string, number>;
}

/** For what is not the window: arming, collecting, slow machines. */
const SPARE_S = 60;

/** Throws when the machine cannot take part, and says what it needs. */
export async function look(host: Host): Promise<Survey> {
  const { stdout } = await host.run(["sh", "-s"], {
    input: surveyScript(["node", "nodejs", process.execPath]),
    timeoutMs: 60_000,
  });
  const survey = parseSurvey(stdout);
  const cannot = (why: string): TofroError =>
    new TofroError(`Cannot measure on ${host.name}: ${why}`, { kind: "machine" });
  if (!survey.isRoot) throw cannot("its user is not root");
  if (survey.missing.length > 0) throw cannot(`it lacks ${survey.missing.join(", ")}`);
  if (survey.node === undefined) {
    const found = survey.tooOld === undefined ? "it has no Node.js" : `its Node.js is ${survey.tooOld}`;
    throw cannot(`${found}, and the prober needs 20 or newer; on Debian: \`apt-get install nodejs\``);
  }
  if (survey.holder !== undefined) throw cannot(underWay(survey.holder));
  if (survey.busy.has(STAMP_PORT) && !survey.leftBehind) {
    throw cannot(`UDP port ${STAMP_PORT} is taken by another STAMP or TWAMP reflector there`);
  }
  return survey;
}

/** Starts the prober there; it reflects from now on. */
export async function arm(
  { node, host, survey }: Part,
  run: Run,
  source: ReadonlyMap<string, string>,
): Promise<void> {
  const config = run.configs.get(node)!;
  const pins = run.sessions.flatMap((session) =>
    (["sender", "reflector"] as const)
      .filter((role) => session[role].node === node)
      .map((role) => pin(session, role)),
  );
  const input = armScript({
    token: run.token,
    holder: `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`,
    timeoutS: run.lengthS + SPARE_S,
    pins,
    node: survey.node!,
    files: new Map([...source, ["config", JSON.stringify(config)]]),
    program: PROBER,
  });
  const { code, stdout, stderr } = await host.run(["sh", "-s"], { input, anyExit: true, timeoutMs: 60_000 });
  if (code === 0) return;
  const why = code === 75 ? underWay(stdout.trim()) : stderr.trim() || `exit code ${code}`;
  throw new TofroError(`Cannot measure on ${host.name}: ${why}`, { kind: "failed" });
}

/** Waits until the window is over there. */
export async function collect({ node, host }: Part, run: Run): Promise<Collected> {
  const waitS = run.lengthS + SPARE_S / 3;
  const { code, stdout, stderr } = await host.run(["sh", "-s"], {
    input: collectScript(run.token, waitS),
    anyExit: true,
    timeoutMs: (waitS + 30) * 1000,
  });
  if (code !== 0) {
    throw new TofroError(`Cannot measure on ${node}: ${stderr.trim() || `exit code ${code}`}`, {
      kind: "failed",
    });
  }
  const [handshakes = "", result = ""] = stdout.split("== result\n");
  return {
    result: JSON.parse(result) as ProberResult,
    handshakes: new Map(
      handshakes.split("\n").flatMap((line): [string, number][] => {
        const [name, , time] = line.split("\t");
        return name === undefined || time === undefined ? [] : [[name, Number(time)]];
      }),
    ),
  };
}

/** The window begins. */
export const go = ({ host }: Part, { token }: Run): Promise<void> => send(host, goScript(token));

/** Leaves nothing behind there. */
export const release = ({ host }: Part, { token }: Run): Promise<void> => send(host, releaseScript(token));

const send = async (host: Host, input: string): Promise<void> => {
  await host.run(["sh", "-s"], { input, timeoutMs: 60_000 });
};

const underWay = (holder: string): string => `another measurement is under way there: ${holder}`;
