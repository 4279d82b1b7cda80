import { expect, it } from "vitest";
import { TELL } from "../core/agent/told.ts";
import { TofroError } from "../core/error.ts";
import type { Host, Output } from "../linux/command.ts";
import { askAgents } from "./agents-now.ts";
import { agentStates } from "./status-agents.ts";

const choice = { epoch: 1, trees: [], paths: [], dead: [] };
const status = {
  life: 5,
  controller: { node: "b", isConnected: false },
  keeper: { repairs: 1, trouble: "no table" },
  links: [],
};

/** A machine whose shell says this, and what it was given. */
function machine(name: string, output: Partial<Output> | TofroError): { host: Host; scripts: string[] } {
  const scripts: string[] = [];
  const host: Host = {
    name,
    run: (_, options) => {
      scripts.push(String(options?.input));
      if (output instanceof TofroError) return Promise.reject(output);
      return Promise.resolve({ stdout: "", stderr: "", code: 0, ...output });
    },
    writeFile: () => Promise.resolve(),
  };
  return { host, scripts };
}

const MACHINES = {
  new: machine("new", { stdout: JSON.stringify({ ...choice, status }) }),
  old: machine("old", { stdout: JSON.stringify(choice) }),
  foreign: machine("foreign", { stdout: "{}" }),
  torn: machine("torn", { stdout: '{"epoch":' }),
  none: machine("none", { code: 69 }),
  mute: machine("mute", { code: 1, stderr: "it does not answer\n" }),
  away: machine("away", new TofroError("Cannot reach away")),
};
const hosts = new Map(Object.entries(MACHINES).map(([name, { host }]) => [name, host]));

it("asks each agent once, and takes whatever answer there is, or none", async () => {
  const { said, ageMs } = await askAgents(hosts);
  for (const { scripts } of Object.values(MACHINES)) {
    expect(scripts).toHaveLength(1);
    expect(scripts[0]).toContain(`--ask '${JSON.stringify(TELL)}'`);
  }
  expect(ageMs).toBeGreaterThanOrEqual(0);
  expect(said.get("new")).toMatchObject({ kind: "told", told: { choice, status: { life: 5 } } });
  expect(said.get("old")).toEqual({ kind: "told", told: { choice } });

  const silent = (message: string) => ({ kind: "silent", message });
  const states = {
    new: { kind: "there", isConnected: false, trouble: "no table" },
    old: { kind: "other" },
    foreign: silent("its answer is not understood: `tofro apply` renews it"),
    torn: silent("what it says is no JSON"),
    mute: silent("it does not answer"),
    away: silent("Cannot reach away"),
  };
  expect(Object.fromEntries(agentStates(said, false))).toEqual(states);
  expect(Object.fromEntries(agentStates(said, true))).toEqual({
    ...states,
    none: silent("there is none: `tofro apply --agent` installs it"),
  });
});
