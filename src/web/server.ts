// The dashboard's server: the page, a login, the network once and as a stream. It changes nothing, unless there is a control.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChangeNow, NetworkNow, PairNow, PairPast, SupposedNow } from "../controller/wire.ts";
import { Access } from "./access.ts";
import { isOwnPage, Pace, type Control } from "./control.ts";
import type { PageFile } from "./page.ts";

export interface Source {
  /** Undefined: nothing to show at the moment. */
  readonly network: () => NetworkNow | undefined;
  readonly pair: (from: string, to: string) => Answer<PairNow>;
  /** Of the last so many ms. Undefined: no history is kept. */
  readonly past: (from: string, to: string, forMs: number) => Answer<PairPast>;
  /** The latest first. Undefined: nobody notes them. */
  readonly changes: () => Answer<readonly ChangeNow[]>;
  /** `what` is a `Supposition` as JSON. Undefined, or throws: it is none, or names what is not there. */
  readonly suppose: (what: string) => Answer<SupposedNow>;
  /** Absent: whatever would change something is refused. */
  readonly control?: Control;
}

type Answer<Value> = Value | undefined | Promise<Value | undefined>;

export interface WebServer {
  readonly port: number;
  /** Opens one session, for whoever opens it first. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const HOST = "127.0.0.1";
const COOKIE = "tofro";
const STREAM_MS = 1_000;
const STREAMS = 64;
const CONNECTIONS = 512;
const BODY_BYTES = 1024;
/** Of a change: suppositions about some hundred links. */
const CHANGE_BYTES = 16_384;
const HEADERS_MS = 5_000;
/** A stream that takes nothing for so long is ended. */
const BACKLOG_BYTES = 4 << 20;

const SAFE = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** On loopback; `port` 0 takes a free one. */
export async function serveWeb(
  files: ReadonlyMap<string, PageFile>,
  source: Source,
  port: number,
): Promise<WebServer> {
  const access = new Access();
  const pace = new Pace();
  const streams = new Set<ServerResponse>();
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: 2 * HEADERS_MS, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      answer(request, response).catch(() => end(response, 500));
    },
  );
  server.maxConnections = CONNECTIONS;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Another name that leads here is another site's, which a browser would let in (DNS rebinding).
    if (!isOwnName(request.headers.host, server)) return end(response, 421);
    const url = URL.parse(request.url ?? "", `http://${HOST}`);
    if (url === null) return end(response, 400);
    if (request.method === "POST" && url.pathname === "/login") return login(request, response, access);
    if (request.method === "POST") return post(request, response, url.pathname);
    if (request.method !== "GET") return end(response, source.control === undefined ? 403 : 405);
    const file = files.get(url.pathname);
    if (file !== undefined) return end(response, 200, file.text, file.type);
    if (!access.knows(sessionOf(request))) return end(response, 401);
    if (url.pathname !== "/api/stream") return json(response, await question(source, url));
    if (streams.size >= STREAMS) return end(response, 503);
    response.writeHead(200, { ...SAFE, "content-type": "text/event-stream" });
    streams.add(response);
    response.on("close", () => streams.delete(response));
    response.write(eventOf(networkOf(source)));
  };
  const post = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const { control } = source;
    if (control === undefined) return end(response, 403);
    if (!access.knows(sessionOf(request))) return end(response, 401);
    if (!isOwnPage(request.headers)) return end(response, 403);
    if (path !== "/api/change" && path !== "/api/restore") return end(response, 404);
    if (!pace.take(performance.now())) return end(response, 429);
    const body = await bodyOf(request, response, CHANGE_BYTES);
    if (body === undefined) return;
    if (path === "/api/restore") await control.restore();
    else if (!(await control.change(body))) return end(response, 400);
    end(response, 204);
  };
  const timer = setInterval(() => {
    if (streams.size === 0) return;
    const event = eventOf(networkOf(source));
    for (const each of streams)
      if (each.writableLength > BACKLOG_BYTES) each.destroy();
      else each.write(event);
  }, STREAM_MS);
  server.listen(port, HOST);
  try {
    await once(server, "listening");
  } catch (cause) {
    clearInterval(timer);
    throw cause;
  }
  const own = (server.address() as AddressInfo).port;
  return {
    port: own,
    url: `http://${HOST}:${own}/#${access.issue()}`,
    stop: async () => {
      clearInterval(timer);
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Undefined: there is nothing like that. */
function question(source: Source, { pathname, searchParams }: URL): Answer<object> {
  const [from, to] = [searchParams.get("from") ?? "", searchParams.get("to") ?? ""];
  switch (pathname) {
    case "/api/network":
      return networkOf(source);
    case "/api/pair":
      return source.pair(from, to);
    case "/api/past": {
      const forMs = Number(searchParams.get("for"));
      return forMs > 0 ? source.past(from, to, forMs) : undefined;
    }
    case "/api/changes":
      return source.changes();
    case "/api/suppose":
      return source.suppose(searchParams.get("what") ?? "");
    default:
      return undefined;
  }
}

async function login(request: IncomingMessage, response: ServerResponse, access: Access): Promise<void> {
  const { origin, host } = request.headers;
  if (origin !== undefined && origin !== `http://${host ?? ""}`) return end(response, 403);
  const body = await bodyOf(request, response, BODY_BYTES);
  if (body === undefined) return;
  const entered = access.enter(body, performance.now());
  if (entered === "wait") return end(response, 429);
  if (entered === "wrong") return end(response, 401);
  response.setHeader("set-cookie", `${COOKIE}=${entered.session}; HttpOnly; SameSite=Strict; Path=/`);
  end(response, 204);
}

/** Undefined: it was too large, which is answered. */
async function bodyOf(
  request: IncomingMessage,
  response: ServerResponse,
  most: number,
): Promise<string | undefined> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > most) {
      response.shouldKeepAlive = false;
      end(response, 413);
      request.destroy();
      return undefined;
    }
  }
  return body;
}

function networkOf({ network, control }: Source): NetworkNow | undefined {
  const now = network();
  return now && control ? { ...now, changed: control.changed() } : now;
}

function isOwnName(host: string | undefined, server: Server): boolean {
  const { port } = server.address() as AddressInfo;
  return host === `${HOST}:${port}` || host === `localhost:${port}`;
}

function sessionOf({ headers }: IncomingMessage): string {
  const pairs = (headers.cookie ?? "").split(";").map((each) => each.trim().split("="));
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? "";
}

const eventOf = (network: NetworkNow | undefined): string =>
  network === undefined ? ": nothing yet\n\n" : `data: ${JSON.stringify(network)}\n\n`;

function json(response: ServerResponse, value: unknown): void {
  if (value === undefined) end(response, 404);
  else end(response, 200, JSON.stringify(value), "application/json");
}

function end(response: ServerResponse, code: number, text = "", type = "text/plain"): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(code, { ...SAFE, "content-type": type }).end(text);
}
