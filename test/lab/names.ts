// DNS between hosts of a lab: a responder that says who it is, and a query that says what came of it.
import type { Host } from "../../src/linux/command.ts";
import { PATIENCE } from "../support/patience.ts";

/** Every question is answered by one A record; each is noted as `NAME BY-WHAT FROM` in a file. */
const RESPONDER = `
const [answer, ...addresses] = process.argv.slice(1);
const note = (name, how, from) => require("fs").appendFileSync("/run/names.log", name + " " + how + " " + from + "\\n");
function respond(query, how, from) {
  const labels = [];
  let at = 12;
  for (; query[at] > 0; at += query[at] + 1) labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
  const isA = query.readUInt16BE(at + 1) === 1;
  note(labels.join("."), how, from);
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.fill(0, 6);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  const record = isA ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...answer.split(".").map(Number)] : [];
  return Buffer.concat([head, query.subarray(12, at + 5), Buffer.from(record)]);
}
for (const address of addresses) {
  const udp = require("dgram").createSocket(address.includes(":") ? "udp6" : "udp4");
  udp.on("message", (query, peer) => udp.send(respond(query, "udp", peer.address), peer.port, peer.address));
  udp.bind(53, address);
  require("net").createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const response = respond(data.subarray(2, 2 + data.readUInt16BE(0)), "tcp", socket.remoteAddress);
      socket.end(Buffer.concat([Buffer.from([response.length >> 8, response.length & 255]), response]));
    });
  }).listen(53, address);
}`;

const ASKER = `
async function ask({ name, server, how = "udp", localAddress }) {
  const labels = name.split(".").map((label) => String.fromCharCode(label.length) + label).join("");
  const query = Buffer.concat([Buffer.from([18, 52, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from(labels + "\\0\\0\\x01\\0\\x01", "latin1")]);
  const { promise, resolve } = Promise.withResolvers();
  const read = (response) => resolve(response.readUInt16BE(0) === 0x1234 ? [...response.subarray(-4)].join(".") : "nonsense");
  const failed = ({ code }) => resolve(code === "ECONNREFUSED" || code === "ECONNRESET" ? "refused" : code);
  setTimeout(() => resolve("silence"), ${1500 * PATIENCE}).unref();
  if (how === "udp") {
    const socket = require("dgram").createSocket(server.includes(":") ? "udp6" : "udp4");
    socket.on("error", failed).on("message", read);
    socket.bind({ port: 0, ...(localAddress && { address: localAddress }) }, () => socket.connect(53, server, () => socket.send(query)));
  } else {
    const socket = require("net").connect({ port: 53, host: server, ...(localAddress && { localAddress }) });
    socket.on("error", failed).on("data", (data) => read(data.subarray(2)));
    socket.on("connect", () => socket.write(Buffer.concat([Buffer.from([0, query.length]), query])));
  }
  return promise;
}
Promise.all(JSON.parse(process.argv[1]).map(ask)).then((answers) => { console.log(JSON.stringify(answers)); process.exit(); });`;

/** Answers everybody with one address, by UDP and TCP, at some of the host's own addresses; `stop` ends it. */
export async function respond(
  host: Host,
  answer: string,
  addresses: readonly string[],
): Promise<{ readonly asked: () => Promise<string[]>; readonly stop: () => Promise<void> }> {
  const script = [
    'rm -f "/run/names.log"; node=$1; shift; script=$1; shift',
    'setsid "$node" -e "$script" "$@" </dev/null >/dev/null 2>&1 & echo $!',
    `for try in $(seq 200); do [ $(cat /proc/net/tcp /proc/net/tcp6 | grep -cE ':0035 0*:0000 0A ') -ge ${addresses.length} ] && exit 0; sleep 0.05; done; exit 1`,
  ].join("\n");
  const { stdout } = await host.run(
    ["sh", "-c", script, "sh", process.execPath, RESPONDER, answer, ...addresses],
    { timeoutMs: 30_000 * PATIENCE },
  );
  const log = "cat /run/names.log 2>/dev/null; exit 0";
  return {
    asked: async () => (await host.run(["sh", "-c", log])).stdout.split("\n").filter((line) => line !== ""),
    stop: async () => {
      await host.run(["sh", "-c", `kill ${stdout.trim()}; rm -f /run/names.log`]);
    },
  };
}

interface Query {
  readonly name: string;
  readonly server: string;
  /** UDP when left out. */
  readonly how?: "udp" | "tcp";
  readonly localAddress?: string;
}

/** To each query the address that came as answer; `refused` or `silence` when none did. */
export async function ask(from: Host, queries: readonly Query[]): Promise<string[]> {
  const argv = [process.execPath, "-e", ASKER, JSON.stringify(queries)];
  return JSON.parse((await from.run(argv, { timeoutMs: 30_000 * PATIENCE })).stdout) as string[];
}
