/** Drawings made to look like the digits of MNIST. */

const side = 28;
/** MNIST's digits fit into a box of this size. */
const box = 20;

/**
 * What MNIST's makers did to their scans (http://yann.lecun.com/exdb/mnist/): the ink fitted into 20 × 20 pixels with
 * its proportions kept, then put into 28 × 28 with its centre of mass in the middle.
 *
 * @param ink from 0 (paper) to 1 (ink), row by row, on a square of `width` pixels
 * @returns 28 × 28 numbers from 0 to 1; all 0 where there is no ink
 */
export function centred(ink: Float32Array, width: number): Float32Array {
  const pixels = new Float32Array(side * side);
  const frame = inked(ink, width);
  if (frame === null) return pixels;
  const extent = Math.max(frame.bottom - frame.top, frame.right - frame.left);
  const scale = extent / box;
  const middle = centreOfMass(ink, width);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      // Pixel (row, column) is the mean of what its square covers of the drawing.
      const top = middle.row + (row - side / 2) * scale;
      const left = middle.column + (column - side / 2) * scale;
      pixels[row * side + column] = meanOf(ink, width, top, top + scale, left, left + scale);
    }
  }
  return pixels;
}

interface Frame {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The smallest frame around the ink. */
function inked(ink: Float32Array, width: number): Frame | null {
  let [top, bottom, left, right] = [width, 0, width, 0];
  for (let i = 0; i < ink.length; i++) {
    if (ink[i]! < 0.1) continue;
    const [row, column] = [Math.floor(i / width), i % width];
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
  }
  return bottom === 0 ? null : { top, bottom, left, right };
}

function centreOfMass(ink: Float32Array, width: number): { row: number; column: number } {
  let [mass, row, column] = [0, 0, 0];
  for (let i = 0; i < ink.length; i++) {
    mass += ink[i]!;
    row += ink[i]! * (Math.floor(i / width) + 0.5);
    column += ink[i]! * ((i % width) + 0.5);
  }
  return { row: row / mass, column: column / mass };
}

/** Mean over whole pixels whose centres lie in a rectangle (at least the nearest one); beyond the edge is paper. */
function meanOf(ink: Float32Array, width: number, top: number, bottom: number, left: number, right: number): number {
  const [firstRow, firstColumn] = [Math.round(top), Math.round(left)];
  const lastRow = Math.max(firstRow + 1, Math.round(bottom));
  const lastColumn = Math.max(firstColumn + 1, Math.round(right));
  let sum = 0;
  for (let row = Math.max(0, firstRow); row < Math.min(width, lastRow); row++)
    for (let column = Math.max(0, firstColumn); column < Math.min(width, lastColumn); column++)
      sum += ink[row * width + column]!;
  return sum / ((lastRow - firstRow) * (lastColumn - firstColumn));
}
