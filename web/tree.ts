// What is drawn, as values: a browser's document and a report's text are made of the same.

export interface Part {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (Part | string)[];
}

export const part = (
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: (Part | string)[]
): Part => ({ name, attributes, children });

/** Text of an element without attributes. */
export const text = (name: string, content: string): Part => part(name, {}, content);
