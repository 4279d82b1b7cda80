// What Node.js 20 lacks of what tofro uses elsewhere.

/** To be called before anything else. */
export function supplement(): void {
  const known: { withResolvers?: unknown } = Promise;
  known.withResolvers ??= withResolvers;
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
