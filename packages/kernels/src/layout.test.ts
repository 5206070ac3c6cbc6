import fc from 'fast-check';
import { copyOut, newBlock } from './block.js';
import { contiguousStrides, expandLayout, isContiguous, permuteLayout, reshapeLayout, sliceLayout } from './layout.js';
import { type Shape, sizeOf } from './shape.js';
import { anyBlocks, blocksOf, build, narrowed, shapesOf } from './testing/arbitraries.js';
import { at, broadcastAt, indicesOf, valuesOf } from './testing/reference.js';

/** Shapes of exactly `size` elements. */
function factorizations(size: number): fc.Arbitrary<Shape> {
  return fc.infiniteStream(fc.nat()).chain((stream) => {
    const shape: number[] = [];
    let rest = size;
    while (rest > 1) {
      const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((d) => rest % d === 0);
      const extent = divisors[(stream.next().value as number) % divisors.length]!;
      shape.push(extent);
      rest /= extent;
      if (shape.length > 4) break;
    }
    return fc.constant([...shape, rest]);
  });
}

const views = { dtype: 'float64' as const };

describe('contiguousStrides(shape)', () => {
  it('numbers the elements in row-major order', () => {
    fc.assert(
      fc.property(shapesOf(), (shape) => {
        const strides = contiguousStrides(shape);
        const places = indicesOf(shape).map((index) => index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0));
        expect(places).toEqual(places.map((_, i) => i));
      }),
    );
  });
});

describe('isContiguous(shape, strides)', () => {
  it('holds exactly when the elements follow each other', () => {
    fc.assert(
      fc.property(anyBlocks(views), (recipe) => {
        const { shape, strides } = build(recipe);
        const places = indicesOf(shape).map((index) => index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0));
        expect(isContiguous(shape, strides)).toBe(places.every((place, i) => place === i));
      }),
    );
  });
});

describe('permuteLayout(layout, axes)', () => {
  it('axis i of the result is axis axes[i]', () => {
    const cases = anyBlocks(views).chain((recipe) => {
      const axes = recipe.shape.map((_, axis) => axis);
      return fc.tuple(fc.constant(recipe), fc.shuffledSubarray(axes, { minLength: axes.length }));
    });
    fc.assert(
      fc.property(cases, ([recipe, axes]) => {
        const block = build(recipe);
        const view = block.view(permuteLayout(block, axes));
        expect(view.shape).toEqual(axes.map((axis) => block.shape[axis]));
        for (const index of indicesOf(view.shape)) {
          const source = new Array<number>(axes.length);
          axes.forEach((axis, i) => {
            source[axis] = index[i]!;
          });
          expect(at(view, index)).toBe(at(block, source));
        }
      }),
    );
  });
});

describe('sliceLayout(layout, start, size, step)', () => {
  it('shows the elements start + i · step, forwards and backwards', () => {
    const cases = anyBlocks(views).chain((recipe) =>
      fc.tuple(
        fc.constant(recipe),
        fc.tuple(
          ...recipe.shape.map((extent) =>
            fc.tuple(fc.nat({ max: extent }), fc.nat({ max: extent }), fc.constantFrom(1, 2, 3, -1, -2, -3)),
          ),
        ),
      ),
    );
    fc.assert(
      fc.property(cases, ([recipe, ranges]) => {
        const block = build(recipe);
        const start = ranges.map(([from]) => from);
        const step = ranges.map(([, , by]) => by);
        // As many of the wanted elements as lie inside.
        const size = ranges.map(([from, wanted, by], axis) => {
          const extent = block.shape[axis]!;
          const inside = from >= extent ? 0 : by > 0 ? Math.ceil((extent - from) / by) : Math.floor(from / -by) + 1;
          return Math.min(wanted, inside);
        });
        const view = block.view(sliceLayout(block, start, size, step));
        expect(view.shape).toEqual(size);
        for (const index of indicesOf(size)) {
          expect(at(view, index)).toBe(
            at(
              block,
              index.map((i, axis) => start[axis]! + i * step[axis]!),
            ),
          );
        }
      }),
    );
  });
});

describe('expandLayout(layout, shape)', () => {
  it('repeats what broadcasting repeats', () => {
    const cases = shapesOf().chain((shape) =>
      narrowed(shape).chain((own) => fc.tuple(fc.constant(shape), blocksOf(own, views))),
    );
    fc.assert(
      fc.property(cases, ([shape, recipe]) => {
        const block = build(recipe);
        const view = block.view(expandLayout(block, shape));
        expect(view.shape).toEqual(shape);
        for (const index of indicesOf(shape)) expect(at(view, index)).toBe(broadcastAt(block, index));
      }),
    );
  });
});

describe('reshapeLayout(layout, shape)', () => {
  const cases = anyBlocks(views).chain((recipe) =>
    fc.tuple(
      fc.constant(recipe),
      sizeOf(recipe.shape) === 0 ? fc.constant<Shape>([0, 3]) : factorizations(sizeOf(recipe.shape)),
    ),
  );

  it('keeps the order of the elements, or says that it takes a copy', () => {
    fc.assert(
      fc.property(cases, ([recipe, shape]) => {
        const block = build(recipe);
        const layout = reshapeLayout(block, shape);
        if (block.contiguous) expect(layout).not.toBeNull();
        if (layout === null) return;
        expect(layout.shape).toEqual(shape);
        expect(valuesOf(block.view(layout))).toEqual(valuesOf(block));
      }),
    );
  });

  it('finds a layout whenever there is one', () => {
    // One exists if and only if the steps from element to element are what some strides of the new shape give: those
    // that the first element along each axis implies.
    fc.assert(
      fc.property(cases, ([recipe, shape]) => {
        const block = build(recipe);
        if (block.size === 0 || reshapeLayout(block, shape) !== null) return;
        const places = indicesOf(block.shape).map((index) =>
          index.reduce((sum, i, axis) => sum + i * block.strides[axis]!, 0),
        );
        const rowMajor = contiguousStrides(shape);
        const implied = shape.map((extent, axis) => (extent > 1 ? places[rowMajor[axis]!]! : 0));
        const candidate = indicesOf(shape).map((index) => index.reduce((sum, i, axis) => sum + i * implied[axis]!, 0));
        expect(candidate).not.toEqual(places);
      }),
      { numRuns: 300 },
    );
  });

  it('splits and merges the axes of a transposed matrix only where they do not mix', () => {
    const block = newBlock('float32', [2, 3, 4], true);
    const swapped = permuteLayout(block, [2, 0, 1]); // [4, 2, 3], strides [1, 12, 4]
    expect(reshapeLayout(swapped, [4, 6])).toMatchObject({ shape: [4, 6], strides: [1, 4] });
    expect(reshapeLayout(swapped, [2, 2, 6])).toMatchObject({ strides: [2, 1, 4] });
    expect(reshapeLayout(swapped, [8, 3])).toBeNull();
    expect(reshapeLayout(swapped, [1, 4, 1, 6, 1])?.shape).toEqual([1, 4, 1, 6, 1]);
  });
});

describe('copyOut(block)', () => {
  it('reads any layout in row-major order into an array of its own', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), (recipe) => {
        const block = build(recipe);
        const copied = copyOut(block);
        expect([...copied]).toEqual(valuesOf(block));
        expect(copied.buffer).not.toBe(block.data.buffer);
      }),
    );
  });
});
