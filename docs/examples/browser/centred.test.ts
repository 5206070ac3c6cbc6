import fc from 'fast-check';
import { centred } from './centred.js';

const side = 28;

/** A black rectangle on paper of `width` pixels. */
function rectangle(width: number, top: number, left: number, height: number, breadth: number): Float32Array {
  const ink = new Float32Array(width * width);
  for (let row = top; row < top + height; row++) ink.fill(1, row * width + left, row * width + left + breadth);
  return ink;
}

describe('centred(ink, width)', () => {
  it('leaves paper without ink empty', () => {
    expect(centred(new Float32Array(100), 10)).toEqual(new Float32Array(side * side));
  });

  it('fits a bar into 20 pixels of height, in the middle', () => {
    const pixels = centred(rectangle(140, 10, 100, 100, 20), 140);
    const inked = Array.from(pixels.keys()).filter((i) => pixels[i]! > 0.5);
    const rows = [...new Set(inked.map((i) => Math.floor(i / side)))];
    const columns = [...new Set(inked.map((i) => i % side))];
    expect(rows).toEqual(Array.from({ length: 20 }, (_, i) => 4 + i));
    expect(columns).toEqual([12, 13, 14, 15]);
  });

  it('gives the same digit wherever it is drawn, with as much ink as its size has', () => {
    fc.assert(
      fc.property(
        fc.record({ height: fc.integer({ min: 20, max: 80 }), breadth: fc.integer({ min: 20, max: 80 }) }),
        fc.nat(59),
        fc.nat(59),
        ({ height, breadth }, top, left) => {
          const pixels = centred(rectangle(140, top, left, height, breadth), 140);
          const mass = pixels.reduce((sum, value) => sum + value, 0);
          const wanted = (400 * Math.min(height, breadth)) / Math.max(height, breadth);
          expect(Math.abs(mass - wanted)).toBeLessThan(0.16 * wanted + 25);
          const row = pixels.reduce((sum, value, i) => sum + value * (Math.floor(i / side) + 0.5), 0) / mass;
          const column = pixels.reduce((sum, value, i) => sum + value * ((i % side) + 0.5), 0) / mass;
          expect(Math.abs(row - 14)).toBeLessThan(0.6);
          expect(Math.abs(column - 14)).toBeLessThan(0.6);
          expect(Math.max(...pixels)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
