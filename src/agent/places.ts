// Where an agent finds and leaves things on its machine.
import { ETC } from "../render/change.ts";

export const AGENT_ETC = ETC;
/** Mode 0700; not below /run/tofro, which is of applies and their lock. */
export const AGENT_RUN = "/run/tofro-agent";
/** The program, and the Node.js that runs it: whoever asks it does so with the same. */
export const PROGRAM = `${AGENT_RUN}/agent.mjs`;
export const NODE_PATH = `${AGENT_RUN}/node`;
export const SOCKET = `${AGENT_RUN}/socket`;
/** What the agent holds the machine at now: for `plan`, to which it is no drift. */
export const HELD = `${AGENT_RUN}/held`;
/** What it leaves for its next life. */
export const KEPT = `${AGENT_RUN}/kept`;
