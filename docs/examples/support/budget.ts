/** How examples are told to do less than all: the tests run each on a small budget, `node .build/examples/NAME.js` in full. */

/** Prints a line, unless told to be silent. */
export type Print = (line: string) => void;

/** Whether a file is the program that node was started with. */
export const isMain = (filename: string): boolean => process.argv[1] === filename;

/** `12.3 s` since a moment. */
export const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
