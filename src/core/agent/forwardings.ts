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
import { Passages } from "./passages.ts";

/** What is worked out of one choice, each when it is first asked for. */
interface Known {
  readonly forwarding: Forwarding;
  readonly passages: Passages;
  /** By node, then by destination: the length of the node's own way, 0 for none, -1 where nobody has asked. */
  readonly hops: Map<number, Int32Array>;
  /** By node: those of the links that enter it. */
  readonly exceptions: ReadonlyMap<number, Exceptions>;
}

/** By node and distance, at a move from one state to a choice. */
type Halfway = Map<string, Exceptions>;

const NO_EXCEPTIONS: Exceptions = new Map();

export class Forwardings {
  readonly #make: (choice: Choice) => Forwarding;
  readonly #only: number | undefined;
  readonly #byChoice = new WeakMap<Choice, Known>();
  readonly #byForwarding = new WeakMap<Forwarding, Known>();
  readonly #halfway = new WeakMap<Installed, WeakMap<Choice, Halfway>>();

  /** `only`: nobody asks about other nodes than this. */
  constructor(make: (choice: Choice) => Forwarding, only?: number) {
    this.#make = make;
    this.#only = only;
  }

  of(choice: Choice): Forwarding {
    return this.#known(choice).forwarding;
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
    const { choice, before, distance } = installed;
    if (before === undefined) return this.#known(choice).exceptions.get(node) ?? NO_EXCEPTIONS;
    const byChoice = this.#halfway.get(before) ?? new WeakMap<Choice, Halfway>();
    this.#halfway.set(before, byChoice);
    const halfway: Halfway = byChoice.get(choice) ?? new Map();
    byChoice.set(choice, halfway);
    const key = `${node} ${distance}`;
    const found = halfway.get(key) ?? this.#exceptionsAt({ choice, before, distance }, node);
    halfway.set(key, found);
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
    const { forwarding, passages } = this.#known(to);
    const { routing, traffic } = forwarding;
    const found = new Set<number>();
    for (let target = 0; target < routing.nodes; target++)
      if (this.own(from, node, target) !== traffic.own[node * routing.nodes + target])
        found.add(this.#hops(to, node, target));
    found.delete(Infinity);
    for (const target of this.#mixed({ choice: to, before: from, distance: -1 }))
      for (const { source, enter, leave, distance } of passages.at(node, target))
        if (!found.has(distance) && this.next(from, node, enter, source, target) !== leave)
          found.add(distance);
    return [...found].sort((x, y) => x - y);
  }

  #known(choice: Choice): Known {
    const known = this.#byChoice.get(choice);
    if (known !== undefined) return known;
    const forwarding = this.#make(choice);
    const made = this.#byForwarding.get(forwarding) ?? {
      forwarding,
      passages: new Passages(forwarding.routing, this.#only),
      hops: new Map<number, Int32Array>(),
      exceptions: exceptionsByNode(forwarding),
    };
    this.#byForwarding.set(forwarding, made);
    this.#byChoice.set(choice, made);
    return made;
  }

  #exceptionsAt(installed: Installed & { readonly before: Installed }, node: number): Exceptions {
    const { choice, before, distance } = installed;
    const { forwarding, passages } = this.#known(choice);
    const known = byDestination(this.exceptions(before, node));
    const found = new Map<LinkIndex, Map<number, Map<number, LinkIndex>>>();
    for (const to of this.#mixed(installed)) {
      if (to === node) continue;
      const own = this.own(installed, node, to);
      const enters = new Map<number, Set<LinkIndex>>();
      const add = (source: number, enter: LinkIndex): void =>
        void enters.set(source, (enters.get(source) ?? new Set()).add(enter));
      const called = new Map(
        passages.at(node, to).flatMap((each) => (each.distance <= distance ? [[each.source, each]] : [])),
      );
      if (own === this.own(before, node, to))
        for (const [source, enter] of known.get(to) ?? []) add(source, enter);
      else if (before.before === undefined) this.#visitEnters(installed, node, to, add);
      else {
        // Half-way through a move that was broken off a pair may be on anybody's way.
        const anybodys = new Set<LinkIndex>();
        this.#visitEnters(installed, node, to, (_, enter) => anybodys.add(enter));
        for (let source = 0; source < forwarding.routing.nodes; source++)
          for (const enter of anybodys) add(source, enter);
      }
      for (const { source, enter } of called.values()) add(source, enter);
      for (const [source, all] of enters) {
        if (source === node || source === to) continue;
        const passage = called.get(source);
        for (const enter of all) {
          const leave = enter === passage?.enter ? passage.leave : this.next(before, node, enter, source, to);
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
  #visitEnters(
    { choice, before }: Installed,
    node: number,
    to: number,
    visit: (source: number, enter: LinkIndex) => void,
  ): void {
    for (const { source, enter } of this.#known(choice).passages.at(node, to)) visit(source, enter);
    if (before !== undefined) this.#visitEnters(before, node, to, visit);
  }

  /** A way that is not there any more goes last of all, when nobody can be on it. */
  #hops(choice: Choice, node: number, to: number): number {
    const { forwarding, hops } = this.#known(choice);
    let own = hops.get(node);
    if (own === undefined) hops.set(node, (own = new Int32Array(forwarding.routing.nodes).fill(-1)));
    if (own[to] === -1) {
      let length = 0;
      forwarding.routing.walk(node, to, () => length++);
      own[to] = length;
    }
    return own[to] || Infinity;
  }
}

function exceptionsByNode({ routing, traffic }: Forwarding): ReadonlyMap<number, Exceptions> {
  const all = Map.groupBy(traffic.exceptions, ([enter]) => routing.sender(enter));
  return new Map(Array.from(all, ([node, own]) => [node, new Map(own)] as const));
}

/** Which sources' packets, coming in by which interface, are exceptions on their way to each destination. */
function byDestination(
  exceptions: Exceptions,
): ReadonlyMap<number, readonly (readonly [number, LinkIndex])[]> {
  const found = new Map<number, (readonly [number, LinkIndex])[]>();
  for (const [enter, bySource] of exceptions)
    for (const [source, ways] of bySource)
      for (const to of ways.keys()) {
        const own = found.get(to) ?? [];
        own.push([source, enter]);
        found.set(to, own);
      }
  return found;
}
