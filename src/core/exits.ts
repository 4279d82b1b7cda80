// Which way packets for the internet take whose node has its exit elsewhere, and the answers to them.
import type { LinkIndex, Routing } from "./route.ts";
import type { Topology } from "./topology.ts";
import type { Traffic } from "./traffic.ts";

/** Indexed as `Traffic` is: interface `i` is the one that link `i` leaves by. */
export interface ExitTraffic {
  /** The exit of every node that has one. */
  readonly exitOf: ReadonlyMap<number, number>;
  /** Interfaces that send to the internet. */
  readonly sending: ReadonlySet<LinkIndex>;
  /** Interfaces at which packets of the internet arrive: answers. */
  readonly answered: ReadonlySet<LinkIndex>;
  /** By node what it passes on for others, in the order of the sources. */
  readonly carried: ReadonlyMap<number, readonly Carried[]>;
  /** By node the answers that it passes on by another link than its own to the same node. */
  readonly returned: ReadonlyMap<number, readonly Returned[]>;
}

interface Carried {
  readonly source: number;
  /** The interface that it comes in by. */
  readonly enter: LinkIndex;
  /** The link that it leaves by; absent: this node is the exit. */
  readonly leave?: LinkIndex;
}

interface Returned {
  readonly target: number;
  readonly enter: LinkIndex;
  readonly leave: LinkIndex;
}

/** Packets there follow the path to the exit, answers the path back, whatever line or choice says how these go. */
export function exitTrafficOf({ nodes }: Topology, routing: Routing, { own }: Traffic): ExitTraffic {
  const indices = new Map(nodes.map(({ name }, index) => [name, index]));
  const exitOf = new Map<number, number>();
  const sending = new Set<LinkIndex>();
  const answered = new Set<LinkIndex>();
  const carried = new Map<number, Carried[]>();
  const returned = new Map<number, Returned[]>();
  nodes.forEach(({ leaves }, source) => {
    if (leaves === undefined) return;
    const exit = indices.get(leaves.via)!;
    exitOf.set(source, exit);
    let enter: LinkIndex | undefined;
    const pass = (node: number, leave?: LinkIndex): void => {
      if (enter === undefined) return;
      push(carried, node, { source, enter, ...(leave !== undefined && { leave }) });
    };
    routing.walk(source, exit, (link) => {
      sending.add(link);
      pass(routing.sender(link), link);
      enter = link ^ 1;
    });
    pass(exit);
    enter = undefined;
    routing.walk(exit, source, (link) => {
      const node = routing.sender(link);
      answered.add(link ^ 1);
      if (enter !== undefined && own[node * routing.nodes + source] !== link)
        push(returned, node, { target: source, enter, leave: link });
      enter = link ^ 1;
    });
  });
  return { exitOf, sending, answered, carried, returned };
}

function push<Item>(lists: Map<number, Item[]>, node: number, item: Item): void {
  const list = lists.get(node);
  if (list === undefined) lists.set(node, [item]);
  else list.push(item);
}

/** How a node sends on a pair's packets that entered by `enter` (-1: its own); -1: not at all. */
type NextLink = (enter: LinkIndex, source: number, to: number) => LinkIndex;

/** What a link may carry. */
type Carrying = Pick<Traffic, "sent" | "arriving">;

/**
 * The same where agents move the pair's packets: every link that may carry them may carry the internet's, and one node
 * sends these on as it does those at this moment, half-way through a move and around what is down, too. `enters` are
 * the node's interfaces.
 */
export function movingExitTraffic(
  { nodes }: Topology,
  permits: Carrying,
  node: number,
  enters: readonly LinkIndex[],
  next: NextLink,
): ExitTraffic {
  const exitOf = new Map<number, number>();
  const sending = new Set<LinkIndex>();
  const answered = new Set<LinkIndex>();
  const carried: Carried[] = [];
  const returned: Returned[] = [];
  const carries = (link: LinkIndex, from: number, to: number): boolean =>
    permits.sent.has(link, to) && permits.arriving.has(link ^ 1, from);
  nodes.forEach(({ leaves }, source) => {
    if (leaves === undefined) return;
    const exit = nodes.findIndex(({ name }) => name === leaves.via);
    exitOf.set(source, exit);
    for (const enter of enters) {
      if (carries(enter, source, exit)) sending.add(enter);
      if (carries(enter ^ 1, exit, source)) answered.add(enter);
      if (node === source) continue;
      if (carries(enter ^ 1, source, exit)) {
        const leave = node === exit ? undefined : next(enter, source, exit);
        if (leave !== -1) carried.push({ source, enter, ...(leave !== undefined && { leave }) });
      }
      const leave = node === exit ? -1 : next(enter, exit, source);
      if (leave !== -1 && leave !== next(-1, node, source)) returned.push({ target: source, enter, leave });
    }
  });
  return {
    exitOf,
    sending,
    answered,
    carried: new Map([[node, carried]]),
    returned: new Map([[node, returned]]),
  };
}
