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

/** Pixels of a picture: from the first row and column to one past the last. */
export interface Frame {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const whole: Frame = { top: 0, bottom: side, left: 0, right: side };
const inked = (pixels: ArrayLike<number>, row: number, column: number): boolean =>
  row < side && pixels[row * side + column]! > 0.4;
/** 0 to 27. */
const indices: readonly number[] = Array.from({ length: side }, (_, i) => i);

/** The smallest frame that holds the ink of all the pictures. Three digits without it are wider than most terminals. */
export function inkFrame(pictures: readonly ArrayLike<number>[]): Frame {
  const rows = indices.filter((row) => pictures.some((p) => indices.some((column) => inked(p, row, column))));
  const columns = indices.filter((column) => pictures.some((p) => indices.some((row) => inked(p, row, column))));
  if (rows.length === 0) return whole;
  return { top: rows[0]!, bottom: rows.at(-1)! + 1, left: columns[0]!, right: columns.at(-1)! + 1 };
}

/** What a frame shows of a digit, two rows of pixels to a line; at most 14 lines of 28 characters. */
export function drawDigit(pixels: ArrayLike<number>, { top, bottom, left, right }: Frame = whole): string[] {
  return Array.from({ length: Math.ceil((bottom - top) / 2) }, (_, line) =>
    indices
      .slice(left, right)
      .map((column) => {
        const row = top + 2 * line;
        return halves[(inked(pixels, row, column) ? 1 : 0) + (inked(pixels, row + 1, column) ? 2 : 0)]!;
      })
      .join(''),
  );
}

/** `true 4, read 9 (93 %)` */
export function caption({ truth, read, confidence }: Misread): string {
  return `true ${truth}, read ${read} (${Math.round(confidence * 100)} %)`;
}

/** Digits side by side, each under its caption. */
export function drawDigits(misread: readonly Misread[]): string {
  const frame = inkFrame(misread.map(({ pixels }) => pixels));
  const columns = misread.map((digit) => [caption(digit), '', ...drawDigit(digit.pixels, frame)]);
  const width = Math.max(0, ...columns.flat().map((line) => line.length));
  return (columns[0] ?? [])
    .map((_, line) =>
      columns
        .map((column) => column[line]!.padEnd(width))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** A digit as a PNG data URI, dark ink on white. */
export function digitPicture(pixels: ArrayLike<number>): string {
  const data = Uint8Array.from({ length: side * side }, (_, i) => 255 - Math.round(pixels[i]! * 255));
  const png = encode({ width: side, height: side, data, channels: 1, depth: 8 });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
