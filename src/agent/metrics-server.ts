// Serves an agent's metrics over HTTP, on the loopback and the node's own overlay addresses and nowhere else.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CONTENT_TYPE } from "../core/metrics/exposition.ts";

/** An address may come later than the agent. */
const AGAIN_MS = 1_000;
/** Who asks more often gets what was written last. */
const FRESH_MS = 1_000;
/** A client that neither asks nor reads is let go, and there are never many: each may wait for a whole text. */
const PATIENCE_MS = 10_000;
const MOST_CLIENTS = 16;

export interface MetricsOptions {
  readonly port: number;
  readonly addresses: readonly string[];
  readonly text: () => string;
}

/** Until the returned function ends it. */
export function serveMetrics({ port, addresses, text }: MetricsOptions): () => void {
  let last = { text: "", atMs: -Infinity };
  const fresh = (): string => {
    if (performance.now() - last.atMs >= FRESH_MS) last = { text: text(), atMs: performance.now() };
    return last.text;
  };
  const servers = addresses.map((address) => serveOn(address, port, fresh));
  return () => {
    for (const stop of servers) stop();
  };
}

function serveOn(address: string, port: number, text: () => string): () => void {
  let timer: NodeJS.Timeout | undefined;
  const server: Server = createServer({ maxHeaderSize: 8_192 }, (request, response) =>
    answer(request, response, text),
  );
  server.maxConnections = MOST_CLIENTS;
  server.requestTimeout = server.headersTimeout = PATIENCE_MS;
  server.setTimeout(PATIENCE_MS, (socket) => socket.destroy());
  const listen = (): void => void server.listen(port, address);
  server.on("error", () => {
    timer = setTimeout(listen, AGAIN_MS);
  });
  listen();
  return () => {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
  };
}

function answer({ method, url }: IncomingMessage, response: ServerResponse, text: () => string): void {
  if (url?.split("?", 1)[0] !== "/metrics") return void response.writeHead(404).end("see /metrics\n");
  if (method !== "GET" && method !== "HEAD")
    return void response.writeHead(405, { allow: "GET, HEAD" }).end();
  try {
    const body = text();
    response.writeHead(200, { "content-type": CONTENT_TYPE, "content-length": Buffer.byteLength(body) });
    response.end(method === "HEAD" ? undefined : body);
  } catch {
    response.writeHead(500).end();
  }
}
