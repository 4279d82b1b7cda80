// Random network files, valid by construction, as the text a user would write.
import fc from "fast-check";

export interface RandomNetwork {
  readonly text: string;
  /** The pinned lines: node names from end to end. */
  readonly pinned: readonly (readonly string[])[];
}

export interface Limits {
  readonly nodes: { readonly min: number; readonly max: number };
  /** Also prefixes, MTUs, IPv6, `isolate` and measured lines; without them every node is just a node. */
  readonly rich: boolean;
  /** Prefixes behind some nodes, and nothing else beside the paths. */
  readonly behind?: boolean;
  /** Some nodes leave at others, where a line lets them. */
  readonly exits?: boolean;
  /** Some nodes have uplinks, and some hops take one. */
  readonly uplinks?: boolean;
}

const prefixes = (index: number, families: string): string =>
  `prefixes: [${[
    ...(families.includes("4") ? [`172.16.${index}.0/24`, `172.17.${index}.7/32`] : []),
    ...(families.includes("6") ? [`"fd16:${index}::/64"`] : []),
  ].join(", ")}]`;

/** Distinct random picks, reproducible from the numbers that fast-check shrinks. */
const pick = (numbers: readonly number[], index: number, below: number): number =>
  numbers[index % numbers.length]! % below;

/**
 * 2 to 12 nodes, at least one dialable, and lines that are simple paths in which neighbours can dial each other: no two
 * for one ordered pair.
 */
export const randomNetwork = ({
  nodes,
  rich,
  behind = false,
  exits = false,
  uplinks = false,
}: Limits): fc.Arbitrary<RandomNetwork> =>
  fc
    .record({
      dialable: fc.array(fc.boolean(), { minLength: nodes.min, maxLength: nodes.max }),
      numbers: fc.array(fc.nat(), { minLength: 64, maxLength: 64 }),
      lines: fc.integer({ min: 1, max: 10 }),
      families: rich ? fc.constantFrom("4", "6", "46") : fc.constant("4"),
      isolate: rich ? fc.boolean() : fc.constant(false),
      options: rich ? fc.nat() : fc.constant(0),
    })
    .map(({ dialable, numbers, lines, families, isolate, options }) => {
      const names = dialable.map((_, index) => `n${index}`);
      // Somebody must be dialled.
      const endpoints = dialable.map((each, index) => each || index === 0);
      const canDial = (x: number, y: number): boolean => endpoints[x]! || endpoints[y]!;
      let next = 0;
      const random = (below: number): number => pick(numbers, next++, below);
      const seen = new Set<string>();
      const pinned: string[][] = [];
      const measured: string[] = [];
      for (let line = 0; line < lines; line++) {
        const path = [random(names.length)];
        const length = 2 + random(4);
        for (let attempt = 0; attempt < 12 && path.length < length; attempt++) {
          const node = random(names.length);
          if (!path.includes(node) && canDial(path.at(-1)!, node)) path.push(node);
        }
        const key = `${path[0]} ${path.at(-1)}`;
        if (path.length < 2 || seen.has(key)) continue;
        seen.add(key);
        const ends = canDial(path[0]!, path.at(-1)!);
        if (options % 4 === 3 && ends && line % 3 === 2)
          measured.push(`${names[path[0]!]} => ${names[path.at(-1)!]}`);
        else pinned.push(path.map((index) => names[index]!));
      }
      if (pinned.length === 0) pinned.push(["n0", "n1"]);
      const overlays = [
        ...(families.includes("4") ? ["10.77.0.0/24"] : []),
        ...(families.includes("6") ? ['"fd77::/64"'] : []),
      ];
      // The ends of two lines: whoever is isolated reaches these.
      const exitOf = new Map(
        (exits ? pinned.slice(0, 2) : []).toReversed().map((path) => [path[0]!, path.at(-1)!]),
      );
      const leaving = (name: string): string[] =>
        exitOf.has(name)
          ? [
              `exit_via: ${exitOf.get(name)}`,
              ...(options % 2 === 0 ? ["kill_switch: true"] : []),
              ...(options % 3 === 0 && families.includes("4")
                ? ["except: [203.0.113.0/24, 198.18.0.0/15]"]
                : []),
              ...(options % 7 === 0 && families.includes("4") ? ["dns: [9.9.9.9, 149.112.112.112]"] : []),
            ]
          : [];
      /** Of even nodes: one that only dials out, one to dial, one that has both. */
      const uplinksOf = (index: number): string[] =>
        uplinks && index % 2 === 0
          ? [
              "lte: { table: 102 }",
              `v6: { endpoint: "2001:db8::${index + 1}" }`,
              ...(options % 2 === 0 ? [`other: { endpoint: 203.0.113.${index + 1}, table: 103 }`] : []),
            ]
          : [];
      /** Over one of them whenever the other end can be dialled there. */
      const arrow = (x: string, y: string): string => {
        const [a, b] = [names.indexOf(x), names.indexOf(y)];
        const known = [a, b]
          .flatMap((index) => uplinksOf(index))
          .map((each) => each.slice(0, each.indexOf(":")));
        const over = known[random(known.length + 1)];
        const lteFails =
          over === "lte" && ![a, b].some((index) => endpoints[index]! && uplinksOf(index).length === 0);
        return over === undefined || lteFails ? "->" : `-[${over}]->`;
      };
      const lineOf = (path: readonly string[]): string =>
        path.slice(1).reduce((line, to, index) => `${line} ${arrow(path[index]!, to)} ${to}`, path[0]!);
      const node = (name: string, index: number): string => {
        const parts = [
          ...(endpoints[index]! ? [`endpoint: 198.51.100.${index + 1}`] : []),
          ...(options % 3 === 1 && index % 3 === 1 ? [`mtu: ${1280 + ((index * 20) % 140)}`] : []),
          ...leaving(name),
          ...(uplinksOf(index).length > 0 ? [`uplinks: { ${uplinksOf(index).join(", ")} }`] : []),
          ...([...exitOf.values()].includes(name) ? ["exit: true"] : []),
          ...(behind ? [prefixes(index, "4")] : []),
          ...(options % 5 === 2 && index % 4 === 0 ? [prefixes(index, families)] : []),
        ];
        return `  ${name}: { ${parts.join(", ")} }`;
      };
      const text = [
        `overlay: [${overlays.join(", ")}]`,
        ...(isolate ? ["isolate: true"] : []),
        "nodes:",
        ...names.map(node),
        "paths:",
        ...pinned.map((path) => `  - ${uplinks ? lineOf(path) : path.join(" -> ")}`),
        ...measured.map((line) => `  - ${line}`),
        "",
      ].join("\n");
      return { text, pinned };
    });
