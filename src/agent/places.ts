// Where an agent finds and leaves things on its machine.
import { AGENT_RUN } from "../render/agent.ts";
import { ETC } from "../render/change.ts";

export const AGENT_ETC = ETC;
/** How it was started, a line each: the Node.js and the program. Whoever asks it does so with the same. */
export const STARTED = `${AGENT_RUN}/started`;
export const SOCKET = `${AGENT_RUN}/socket`;
/** What it leaves for its next life. */
export const KEPT = `${AGENT_RUN}/kept`;
