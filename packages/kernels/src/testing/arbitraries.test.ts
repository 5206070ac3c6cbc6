import fc from 'fast-check';
import { sizeOf } from '../shape.js';
import { anyBlocks, broadcastableShapes, build } from './arbitraries.js';
import { broadcastShape, indicesOf, valuesOf } from './reference.js';

describe('build(recipe)', () => {
  it('keeps every element inside its storage, and each in a place of its own where the block may be written to', () => {
    fc.assert(
      fc.property(fc.boolean(), anyBlocks(), anyBlocks({ writable: true }), (pick, shared, writable) => {
        const block = build(pick ? shared : writable);
        const places = indicesOf(block.shape).map((index) =>
          index.reduce((place, i, axis) => place + i * block.strides[axis]!, block.offset),
        );
        const { start, length } = block.storage;
        for (const place of places) expect(place >= start && place < start + length).toBe(true);
        if (!pick) expect(new Set(places).size).toBe(sizeOf(block.shape));
      }),
    );
  });

  it('gives the same numbers for the same recipe', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), (recipe) => {
        expect(valuesOf(build(recipe))).toEqual(valuesOf(build(recipe)));
      }),
    );
  });
});

describe('broadcastableShapes(count)', () => {
  it('gives shapes that broadcast together', () => {
    fc.assert(
      fc.property(broadcastableShapes(3), ([a, b, c]) => {
        const ab = broadcastShape(a!, b!);
        expect(ab).not.toBeNull();
        expect(broadcastShape(ab!, c!)).not.toBeNull();
      }),
    );
  });
});
