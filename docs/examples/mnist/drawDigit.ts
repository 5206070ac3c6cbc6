/** Pictures of digits, in a terminal and in a page. */

import { encode } from 'fast-png';

/** A misread digit. */
export interface Misread {
  /** Ink from 0 to 1, row by row. */
  readonly pixels: ArrayLike<number>;
  readonly truth: number;
  readonly read: number;
  /** Probability the network gave to what it read. */
  readonly confidence: number;
}

const side = 28;
/** Two pixels in one character: neither, the upper, the lower, both. */
const halves = [' ', '▀', '▄', '█'];

/** A digit in 14 lines of 28 characters. */
export function drawDigit(pixels: ArrayLike<number>): string[] {
  const inked = (row: number, column: number): boolean => pixels[row * side + column]! > 0.4;
  return Array.from({ length: side / 2 }, (_, line) =>
    Array.from(
      { length: side },
      (__, column) => halves[(inked(2 * line, column) ? 1 : 0) + (inked(2 * line + 1, column) ? 2 : 0)]!,
    ).join(''),
  );
}

/** `true 4, read 9 (93 %)` */
export function caption({ truth, read, confidence }: Misread): string {
  return `true ${truth}, read ${read} (${Math.round(confidence * 100)} %)`;
}

/** Digits side by side, `perRow` to a row, each under its caption. */
export function drawDigits(misread: readonly Misread[], perRow: number): string {
  const rows: string[] = [];
  for (let start = 0; start < misread.length; start += perRow) {
    const part = misread.slice(start, start + perRow);
    rows.push(part.map((digit) => caption(digit).padEnd(side)).join('  '));
    const drawn = part.map(({ pixels }) => drawDigit(pixels));
    for (let line = 0; line < side / 2; line++) rows.push(drawn.map((lines) => lines[line]!).join('  '));
  }
  return rows.join('\n');
}

/** A digit as a PNG data URI, dark ink on white. */
export function digitPicture(pixels: ArrayLike<number>): string {
  const data = Uint8Array.from({ length: side * side }, (_, i) => 255 - Math.round(pixels[i]! * 255));
  const png = encode({ width: side, height: side, data, channels: 1, depth: 8 });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
