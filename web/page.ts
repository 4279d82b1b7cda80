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

/** Asks for a change; whether it was done. */
export async function post(what: string, body: unknown): Promise<boolean> {
  // A form of another site could send neither of these.
  const headers = { "content-type": "application/json", "x-tofro": "page" };
  const asked = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`/api/${what}`, asked).catch(() => undefined);
  return answer?.ok === true;
}
