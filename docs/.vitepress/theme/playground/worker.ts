/** The thread in which programs run: one program, then it is thrown away. */

import * as cotangent from 'cotangent';
import { run } from './run.js';
import type { Piece } from './show.js';

/** What the page is told. */
export type Message =
  | { readonly kind: 'piece'; readonly piece: Piece }
  | { readonly kind: 'end'; readonly finished: boolean; readonly seconds: number };

const port = globalThis as unknown as {
  onmessage: ((event: MessageEvent<string>) => void) | null;
  postMessage(message: Message): void;
};

port.onmessage = async ({ data }) => {
  const start = performance.now();
  const finished = await run(data, { cotangent }, (piece) => port.postMessage({ kind: 'piece', piece }));
  port.postMessage({ kind: 'end', finished, seconds: (performance.now() - start) / 1000 });
};
