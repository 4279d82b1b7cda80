// `tofro keys encrypt` and `decrypt`: tofro.secrets under age, and in the clear again.
import { Command, Option } from "@commander-js/extra-typings";
import { TofroError } from "../core/error.ts";
import { readIfThere } from "../files/atomic.ts";
import { openNetwork, secretsFile, settleOpen } from "../files/network.ts";
import type { OpenVault } from "../files/secrets.ts";
import { openVault, recipientOf, sealVault, type Seal } from "../files/vault.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions } from "./load.ts";
import { newPassphrase, unlock } from "./unlock.ts";

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export const encryptCommand = (io: Io) =>
  networkOptions(new Command("encrypt"))
    .description("encrypt the secrets with age, from now on; makes keys that are missing")
    .option("--passphrase", "to a passphrase: asked for, or the first line of the file TOFRO_PASSPHRASE_FILE")
    .addOption(
      new Option(
        "-r, --recipient <recipient>",
        "to age1… or the line of an SSH public key; repeatable",
      ).argParser(collect),
    )
    .addOption(
      new Option(
        "-R, --recipients-file <file>",
        "to all recipients in a file, one a line; repeatable",
      ).argParser(collect),
    )
    .option("--json", '{ file, encryptedTo: "passphrase" | [recipient] }')
    .action(async (options) => {
      const recipients = [
        ...(options.recipient ?? []),
        ...(await recipientsIn(options.recipientsFile ?? [])),
      ];
      if ((options.passphrase === true) === recipients.length > 0) {
        const message = "Say to whom: either --passphrase, or --recipient and --recipients-file";
        throw new TofroError(message, { kind: "usage" });
      }
      for (const each of recipients) await recipientOf(each);
      const network = await openNetwork(await loadNetwork(options, io), unlock);
      const file = secretsFile(network.file);
      const seal: Seal =
        recipients.length > 0
          ? { kind: "recipients", recipients }
          : { kind: "passphrase", passphrase: await newPassphrase() };
      if (!(await opensAgain(seal, file))) {
        io.stderr(`${file}: none of your identities here opens it; the recipients' owners can\n`);
      }
      await settleOpen({ ...network, vault: { ...rewritten(network.vault), seal } });
      const encryptedTo = seal.kind === "passphrase" ? seal.kind : recipients;
      if (options.json === true) io.stdout(`${JSON.stringify({ file, encryptedTo })}\n`);
      else {
        const whom = seal.kind === "passphrase" ? "a passphrase" : `${recipients.length} recipient(s)`;
        io.stdout(`${file}: encrypted to ${whom}\n`);
      }
    });

export const decryptCommand = (io: Io) =>
  networkOptions(new Command("decrypt"))
    .description("keep the secrets in the clear again")
    .option("--json", "{ file }")
    .action(async (options) => {
      const network = await openNetwork(await loadNetwork(options, io), unlock);
      const { seal: _seal, ...vault } = rewritten(network.vault);
      await settleOpen({ ...network, vault });
      const file = secretsFile(network.file);
      io.stdout(
        options.json === true ? `${JSON.stringify({ file })}\n` : `${file}: in the clear, mode 0600\n`,
      );
    });

/** Written anew, whatever is on the disk. */
const rewritten = (vault: OpenVault): OpenVault => ({ ...vault, text: "" });

/** One a line, as age's own files have them: empty lines and comments are left out. */
async function recipientsIn(files: readonly string[]): Promise<string[]> {
  const lists = files.map(async (file) => {
    const text = await readIfThere(file);
    if (text === undefined) throw new TofroError(`There is no file ${file}`, { kind: "usage" });
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  });
  return (await Promise.all(lists)).flat();
}

/** A passphrase that was just given, or an identity of the user's; one behind a passphrase of its own is believed. */
async function opensAgain(seal: Seal, file: string): Promise<boolean> {
  if (seal.kind === "passphrase") return true;
  const sealed = Buffer.from(await sealVault("", seal));
  try {
    await openVault(sealed, file, { ...unlock, withProtectedKey: () => Promise.resolve("") });
    return true;
  } catch (error) {
    if (error instanceof TofroError) return false;
    throw error;
  }
}
