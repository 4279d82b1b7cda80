// The scripts about a private key that its node keeps to itself: only its public half is ever printed.
import { ETC, nodeKeyFile } from "./change.ts";
import { madeKeyFolder } from "./apply-scripts.ts";

export interface KeyWish {
  /** A key is made where there is none, in the folder of the apply with this token; absent: the machine is only asked. */
  readonly token?: string;
  /** A new one is made, whatever is there. */
  readonly renew: boolean;
}

/** Prints `kept KEY` or `made KEY`, or nothing when there is none. A key that is made waits for the apply to take it. */
export function nodeKeyScript({ token, renew }: KeyWish): string {
  return [
    "{",
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    "umask 077",
    ...(renew
      ? []
      : [
          // The second while a commit is not through: arming puts it back.
          `each=${nodeKeyFile(ETC)}; [ ! -e ${ETC}.old ] || each=${nodeKeyFile(`${ETC}.old`)}`,
          '[ -s $each ] && key=$(wg pubkey <$each) && echo "kept $key" && exit 0',
        ]),
    ...(token === undefined ? [] : makingLines(madeKeyFolder(token))),
    "exit 0",
    "}",
    "",
  ].join("\n");
}

const makingLines = (folder: string): string[] => [
  `mkdir -p ${folder} && wg genkey >${nodeKeyFile(folder)} && key=$(wg pubkey <${nodeKeyFile(folder)}) || exit 1`,
  'echo "made $key"',
];

/** Takes a key that was made back, when no apply took it. */
export const forgetKeyScript = (token: string): string => `rm -rf ${madeKeyFolder(token)}\n`;
