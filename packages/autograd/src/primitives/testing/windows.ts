/** Calls of operations whose windows slide over three spatial axes. */

import { outputExtent, type Shape, type WindowAttributes } from '@cotangent/kernels';
import fc from 'fast-check';

/** Windows over an input of random extents, and that input. */
export interface Windows {
  readonly attributes: WindowAttributes & { readonly input: readonly [number, number, number] };
  readonly batch: number;
  /** Extents of the result. */
  readonly output: Shape;
}

const axis = fc
  .record({
    n: fc.integer({ min: 1, max: 4 }),
    window: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 2 }),
    before: fc.nat({ max: 1 }),
    after: fc.nat({ max: 1 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  // A window that fits nowhere gives an empty result: now and then is enough.
  .map((a) => ({ ...a, window: Math.min(a.window, a.n + a.before + a.after) }));
const flat = fc.constant({ n: 1, window: 1, stride: 1, before: 0, after: 0, dilation: 1 });

/** Small windows of every kind, mostly on two axes. */
export const windows: fc.Arbitrary<Windows> = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: flat }, { weight: 1, arbitrary: axis }), axis, axis, fc.nat({ max: 2 }))
  .map(([d, h, w, batch]) => {
    const axes = [d, h, w] as const;
    const attributes = {
      window: axes.map((a) => a.window),
      strides: axes.map((a) => a.stride),
      padding: axes.map((a) => [a.before, a.after]),
      dilations: axes.map((a) => a.dilation),
      input: axes.map((a) => a.n),
    } as unknown as Windows['attributes'];
    const output = axes.map((a) => outputExtent(a.n, a.window, a.stride, [a.before, a.after], a.dilation));
    return { attributes, batch, output };
  });

/** Windows that all lie on the input with one tap at least. */
export const coveringWindows: fc.Arbitrary<Windows> = windows.map(({ attributes, batch }) => {
  const padding = attributes.padding.map((sides, k) =>
    sides.map((side) => Math.min(side, attributes.window[k]! - 1)),
  ) as unknown as WindowAttributes['padding'];
  const covering = { ...attributes, padding, dilations: [1, 1, 1] as const };
  const output = ([0, 1, 2] as const).map((k) =>
    outputExtent(covering.input[k], covering.window[k], covering.strides[k], padding[k], 1),
  );
  return { attributes: covering, batch, output };
});
