// What strict readers of routers' configurations ask of single values.

export type Check = (value: string) => boolean;

export const is =
  (pattern: RegExp): Check =>
  (value) =>
    pattern.test(value);

export const upTo =
  (most: number, least = 0): Check =>
  (value) =>
    /^\d+$/.test(value) && Number(value) <= most && Number(value) >= least;
