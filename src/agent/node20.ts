// What Node.js 20 lacks of what tofro uses elsewhere.

/** To be called before anything else. */
export function supplement(): void {
  const known: { withResolvers?: unknown } = Promise;
  known.withResolvers ??= withResolvers;
  const groups: { groupBy?: unknown } = Map;
  groups.groupBy ??= groupBy;
}

/** ECMAScript 2024, 24.1.2.1. */
function groupBy<Key, Value>(
  values: Iterable<Value>,
  keyOf: (value: Value, index: number) => Key,
): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>();
  let index = 0;
  for (const value of values) {
    const key = keyOf(value, index++);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

/** ECMAScript 2024, 27.2.4.9. */
function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve!: PromiseWithResolvers<Value>["resolve"];
  let reject!: PromiseWithResolvers<Value>["reject"];
  const promise = new Promise<Value>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  return { promise, resolve, reject };
}
