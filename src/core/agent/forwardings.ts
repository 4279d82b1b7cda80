// What a node does with packets by what it has installed, also in the midst of a move: for its routes, and for its rules.
//
// A move goes by distances from the destination, nearest first, and that holds for each pair of nodes by itself: a packet
// that meets a node on its pair's new way at a distance that has been called follows that way to its end; until then it
// follows the old one. So rules, which are of pairs that go their own way, move as routes do, and a pair whose way stays
// gets the rules that keep it there before any route moves under it.
import type { Choice } from "../choose/choice.ts";
import type { Forwarding } from "../failover/repair.ts";
import type { LinkIndex } from "../route.ts";
import type { Exceptions } from "../traffic.ts";
import { choiceFor, type Installed } from "./installed.ts";

export class Forwardings {
  readonly #make: (choice: Choice) => Forwarding;
  readonly #byChoice = new WeakMap<Choice, Forwarding>();
  readonly #exceptions = new WeakMap<Installed, Map<number, Exceptions>>();

  constructor(make: (choice: Choice) => Forwarding) {
    this.#make = make;
  }

  of(choice: Choice): Forwarding {
    const known = this.#byChoice.get(choice);
    if (known !== undefined) return known;
    const forwarding = this.#make(choice);
    this.#byChoice.set(choice, forwarding);
    return forwarding;
  }

  /** The link of the node's own traffic, -1 for none. */
  own(installed: Installed, node: number, to: number): LinkIndex {
    const { routing, traffic } = this.of(this.choiceFor(installed, node, to));
    return traffic.own[node * routing.nodes + to]!;
  }

  /** The choice that says how a node's own traffic goes. */
  choiceFor(installed: Installed, node: number, to: number): Choice {
    return choiceFor(installed, (choice) => this.#hops(choice, node, to));
  }

  /** What the node forwards by another link than its own traffic takes. */
  exceptions(installed: Installed, node: number): Exceptions {
    const byNode = this.#exceptions.get(installed) ?? new Map<number, Exceptions>();
    this.#exceptions.set(installed, byNode);
    const known = byNode.get(node);
    if (known !== undefined) return known;
    const found = this.#exceptionsAt(installed, node);
    byNode.set(node, found);
    return found;
  }

  /** The link by which a node sends on what entered by `enter` (-1: its own), -1 for none. */
  next(installed: Installed, node: number, enter: LinkIndex, source: number, to: number): LinkIndex {
    const except =
      enter === -1 ? undefined : this.exceptions(installed, node).get(enter)?.get(source)?.get(to);
    return except ?? this.own(installed, node, to);
  }

  /** Distances from the destination at which a node differs from a choice, ascending. */
  distances(node: number, from: Installed, to: Choice): number[] {
    const { routing, traffic } = this.of(to);
    const found = new Set<number>();
    for (let target = 0; target < routing.nodes; target++)
      if (this.own(from, node, target) !== traffic.own[node * routing.nodes + target])
        found.add(this.#hops(to, node, target));
    found.delete(Infinity);
    for (const target of this.#mixed({ choice: to, before: from, distance: -1 }))
      for (let source = 0; source < routing.nodes; source++) {
        const passage = this.#passage(to, node, source, target);
        if (passage !== undefined && this.next(from, node, passage.enter, source, target) !== passage.leave)
          found.add(passage.distance);
      }
    return [...found].sort((x, y) => x - y);
  }

  #exceptionsAt(installed: Installed, node: number): Exceptions {
    const { choice, before, distance } = installed;
    if (before === undefined) return exceptionsOf(this.of(choice), node);
    const { nodes } = this.of(choice).routing;
    const known = this.exceptions(before, node);
    const found = new Map<LinkIndex, Map<number, Map<number, LinkIndex>>>();
    for (const to of this.#mixed(installed)) {
      if (to === node) continue;
      const own = this.own(installed, node, to);
      const isMoved = own !== this.own(before, node, to);
      const anybodys = isMoved && before.before !== undefined ? this.#enters(installed, node, to) : undefined;
      for (let source = 0; source < nodes; source++) {
        if (source === node || source === to) continue;
        const passage = this.#passage(choice, node, source, to);
        const called = passage !== undefined && passage.distance <= distance ? passage : undefined;
        const enters = new Set(
          isMoved
            ? (anybodys ?? this.#entersOf(installed, node, source, to))
            : [...known].flatMap(([enter, bySource]) => (bySource.get(source)?.has(to) ? [enter] : [])),
        );
        if (called !== undefined) enters.add(called.enter);
        for (const enter of enters) {
          const leave = enter === called?.enter ? called.leave : this.next(before, node, enter, source, to);
          if (leave === own || leave === -1) continue;
          const bySource = found.get(enter) ?? new Map<number, Map<number, LinkIndex>>();
          const ways = bySource.get(source) ?? new Map<number, LinkIndex>();
          found.set(enter, bySource.set(source, ways.set(to, leave)));
        }
      }
    }
    return found;
  }

  /** Destinations that some packets go to by another way than those of the nodes that they pass, under one of the choices. */
  #mixed(installed: Installed): ReadonlySet<number> {
    const { choice, before } = installed;
    const own = this.of(choice).special.keys();
    return new Set(before === undefined ? own : [...own, ...this.#mixed(before)]);
  }

  /** The links by which a pair's packets come to a node, under each of the choices. */
  #entersOf({ choice, before }: Installed, node: number, source: number, to: number): LinkIndex[] {
    const own = this.#passage(choice, node, source, to)?.enter ?? [];
    return [own, before === undefined ? [] : this.#entersOf(before, node, source, to)].flat();
  }

  /** Those of anybody's packets: half-way through a move that was broken off a pair may be on anybody's way. */
  #enters(installed: Installed, node: number, to: number): LinkIndex[] {
    const { nodes } = this.of(installed.choice).routing;
    return Array.from({ length: nodes }, (_, source) => this.#entersOf(installed, node, source, to)).flat();
  }

  /** A way that is not there any more goes last of all, when nobody can be on it. */
  #hops(choice: Choice, node: number, to: number): number {
    return this.of(choice).routing.path(node, to).length || Infinity;
  }

  #passage(
    choice: Choice,
    node: number,
    source: number,
    to: number,
  ): { readonly enter: LinkIndex; readonly leave: LinkIndex; readonly distance: number } | undefined {
    const { routing } = this.of(choice);
    const path = routing.path(source, to);
    const at = path.findIndex((link) => routing.sender(link) === node);
    // At its source a packet enters by nothing.
    if (at <= 0) return undefined;
    return { enter: path[at - 1]! ^ 1, leave: path[at]!, distance: path.length - at };
  }
}

/** Those of the links that enter a node. */
function exceptionsOf({ routing, traffic }: Forwarding, node: number): Exceptions {
  return new Map([...traffic.exceptions].filter(([enter]) => routing.sender(enter) === node));
}
