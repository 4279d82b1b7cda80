// TCP between two hosts of a lab, in bytes that really came: what dies of wrong sizes dies here.
import type { Host } from "../../src/linux/command.ts";
import { PATIENCE } from "../support/patience.ts";

const RECEIVER = `
const server = require("net").createServer((socket) => {
  let bytes = 0;
  const { remoteAddress } = socket;
  socket.on("data", (data) => { bytes += data.length; });
  socket.on("end", () => { socket.end(Buffer.alloc(Number(process.argv[3]))); console.log(JSON.stringify({ bytes, from: remoteAddress })); server.close(); });
});
server.listen(Number(process.argv[1]), process.argv[2]);
setTimeout(() => process.exit(1), ${60_000 * PATIENCE}).unref();`;

const SENDER = `
const [port, to, bytes, localAddress] = process.argv.slice(1);
const socket = require("net").connect({ port: Number(port), host: to, ...(localAddress && { localAddress }) });
let back = 0;
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
socket.end(Buffer.alloc(Number(bytes)));
socket.on("data", (data) => { back += data.length; }).on("close", () => { console.log(back); process.exit(); });
setTimeout(() => { console.error("no end"); process.exit(1); }, ${30_000 * PATIENCE}).unref();`;

export interface Transferred {
  readonly bytes: number;
  /** How many came back in answer. */
  readonly back: number;
  /** The sender's address as the receiver sees it. */
  readonly from: string;
}

/** Sends so many bytes, and as many back in the same connection; throws when it does not end well. */
export async function transfer(
  from: Host,
  to: { readonly host: Host; readonly address: string },
  bytes: number,
  localAddress = "",
): Promise<Transferred> {
  const port = 9100;
  const node = [process.execPath, "-e"];
  const patient = { timeoutMs: 90_000 * PATIENCE };
  const receiving = to.host.run([...node, RECEIVER, String(port), to.address, String(bytes)], patient);
  const listens = `until grep -qi ":${port.toString(16).padStart(4, "0")} .* 0A " /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done`;
  await to.host.run(["sh", "-c", listens], { timeoutMs: 15_000 * PATIENCE });
  const [received, sent] = await Promise.all([
    receiving,
    from.run([...node, SENDER, String(port), to.address, String(bytes), localAddress], patient),
  ]);
  return { ...(JSON.parse(received.stdout) as Omit<Transferred, "back">), back: Number(sent.stdout) };
}
