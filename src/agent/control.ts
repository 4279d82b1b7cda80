// The streams between agents and the controller: both ends, over TCP on the overlay's addresses, or within one process.
import { connect, createServer, type Socket } from "node:net";
import type { z } from "zod";
import { toAgent, toController, type ToAgent, type ToController } from "../core/agent/messages.ts";
import type { PairKeys } from "./pair-keys.ts";
import { AGENT_PORT } from "./signals.ts";
import { callOn, listenOn, type Stream } from "./stream.ts";

const AGAIN_MS = 1_000;
const CONNECT_MS = 3_000;

export interface AgentEnd {
  readonly send: (message: ToController) => void;
  readonly stop: () => void;
}

export interface AgentEvents {
  readonly connected: () => void;
  readonly ordered: (message: ToAgent) => void;
  readonly disconnected: () => void;
}

/** Calls the controller until `stop`, again and again. */
export function callController(
  { node, controller, address, keys }: { node: string; controller: string; address: string; keys: PairKeys },
  events: AgentEvents,
): AgentEnd {
  let stream: Stream | undefined;
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const again = (): void => {
    if (!isStopped) timer = setTimeout(call, AGAIN_MS);
  };
  function call(): void {
    const calling = connect({ port: AGENT_PORT, host: address, timeout: CONNECT_MS });
    socket = calling;
    calling.once("timeout", () => calling.connecting && calling.destroy());
    calling.on("error", () => undefined).on("close", again);
    calling.once("connect", () =>
      callOn(calling, node, controller, keys, {
        opened: (opened) => {
          stream = opened;
          events.connected();
        },
        message: (_, text) => each(toAgent, text, calling, events.ordered),
        closed: () => {
          stream = undefined;
          events.disconnected();
        },
      }),
    );
  }
  call();
  return {
    send: (message) => stream?.send(JSON.stringify(message)),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      socket?.destroy();
    },
  };
}

export interface ControllerEnd {
  readonly send: (to: string, message: ToAgent) => void;
  readonly stop: () => void;
}

export interface ControllerEvents {
  readonly heard: (node: string, message: ToController) => void;
  readonly left: (node: string) => void;
}

/** Listens for agents until `stop`; one that calls again replaces its former call. */
export function listenForAgents(
  { address, keys }: { address: string; keys: PairKeys },
  events: ControllerEvents,
): ControllerEnd {
  const streams = new Map<string, Stream>();
  const sockets = new Set<Socket>();
  let timer: NodeJS.Timeout | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    listenOn(socket, keys, {
      opened: (stream) => {
        streams.get(stream.peer)?.end();
        streams.set(stream.peer, stream);
      },
      message: (stream, text) =>
        each(toController, text, socket, (message) => events.heard(stream.peer, message)),
      closed: (stream) => {
        if (streams.get(stream.peer) !== stream) return;
        streams.delete(stream.peer);
        events.left(stream.peer);
      },
    });
  });
  const listen = (): void => void server.listen(AGENT_PORT, address);
  // The address may not be there yet.
  server.on("error", () => {
    timer = setTimeout(listen, AGAIN_MS);
  });
  listen();
  return {
    send: (to, message) => streams.get(to)?.send(JSON.stringify(message)),
    stop: () => {
      clearTimeout(timer);
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Sealed by the peer, but perhaps of another version. */
function each<Message>(
  schema: z.ZodType<Message>,
  text: string,
  socket: Socket,
  take: (message: Message) => void,
): void {
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) take(parsed.data);
  else socket.destroy();
}
