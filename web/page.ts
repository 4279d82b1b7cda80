// The page's elements, and what its server says.

/** One that the page always has. */
export const find = (id: string): HTMLElement => document.querySelector<HTMLElement>(`#${id}`)!;

/** Undefined: it knows nothing like that; "lost": it did not answer. */
export async function json<Value>(
  what: string,
  query: Readonly<Record<string, string>>,
): Promise<Value | undefined | "lost"> {
  const answer = await fetch(`/api/${what}?${new URLSearchParams(query)}`).catch(() => undefined);
  if (answer === undefined) return "lost";
  return answer.ok ? ((await answer.json()) as Value) : undefined;
}
