/** What `expect` uses of jest-util, the rest of which is about processes and disks. */

export const pluralize = (word: string, count: number): string => `${count} ${word}${count === 1 ? '' : 's'}`;

export const isPromise = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

export class ErrorWithStack extends Error {}
