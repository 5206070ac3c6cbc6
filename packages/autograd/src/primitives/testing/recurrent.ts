import { gruParts, lstmParts, rnnParts, type Shape, sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { apply, type Primitive } from '../../primitive.js';
import { smoothTensors } from '../../testing/index.js';
import { gru, gruMasked, lstm, lstmMasked, simpleRNN, simpleRNNMasked } from '../recurrent.js';
import { bools, type Call, type Examples } from './call.js';

interface Layer {
  readonly columns: number;
  readonly bias: (wide: number) => number[];
  readonly states: number;
  parts(time: number, batch: number, units: number): readonly Shape[];
}

const extents = fc.record({
  time: fc.nat({ max: 2 }),
  batch: fc.constantFrom(1, 2, 0),
  features: fc.nat({ max: 2 }),
  units: fc.integer({ min: 1, max: 2 }),
  asked: fc.integer({ min: 1, max: 15 }),
  chosen: fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })),
});

/** The call with two of its inputs to differentiate and the others held: all pairs in one call would take minutes. */
function withTwo(
  shapes: readonly Shape[],
  [a, b]: readonly [number, number],
  call: Omit<Call, 'smooth'>,
): fc.Arbitrary<Call> {
  const chosen = [...new Set([a % shapes.length, b % shapes.length])];
  return smoothTensors(shapes).map((held) => ({
    ...call,
    smooth: chosen.map((i) => shapes[i]!),
    inputs: (smooth) => {
      const all = [...held];
      for (const [k, i] of chosen.entries()) all[i] = smooth[k]!;
      return call.inputs!(all);
    },
  }));
}

function calls(
  { columns, bias, states, parts }: Layer,
  masked: boolean,
  /** For the backward row, the row whose result it is given. */
  forward?: Primitive<undefined>,
): fc.Arbitrary<Call> {
  return extents.chain(({ time, batch, features, units, asked, chosen }) =>
    bools([time, batch]).chain((mask) => {
      const wide = columns * units;
      const state = new Array<Shape>(states).fill([batch, units]);
      const shapes: Shape[] = [[time, batch, features], [features, wide], [units, wide], bias(wide), ...state];
      const also = masked ? [mask] : [];
      if (forward === undefined) return withTwo(shapes, chosen, { inputs: (all) => [...all, ...also] });
      const size = parts(time, batch, units).reduce((sum, part) => sum + sizeOf(part), 0);
      const wanted = [...shapes.map((_, i) => (asked & (1 << (i % 4))) !== 0), ...also.map(() => false)];
      return withTwo([[size], ...shapes], chosen, {
        attributes: { attributes: undefined, wanted },
        together: true,
        inputs: ([g, ...given]) => [g!, ...given, ...also, apply(forward, [...given, ...also], undefined).detach()],
      });
    }),
  );
}

function rowsOf(name: string, layer: Layer, forward: Primitive<undefined>, masked: Primitive<undefined>): Examples {
  return {
    [name]: calls(layer, false),
    [`${name}Masked`]: calls(layer, true),
    [`${name}Backward`]: calls(layer, false, forward),
    [`${name}MaskedBackward`]: calls(layer, true, masked),
  };
}

const lstmLayer: Layer = { columns: 4, bias: (wide) => [wide], states: 2, parts: lstmParts };
const gruLayer: Layer = { columns: 3, bias: (wide) => [2, wide], states: 1, parts: gruParts };
const rnnLayer: Layer = { columns: 1, bias: (wide) => [wide], states: 1, parts: rnnParts };

export const examples: Examples = {
  ...rowsOf('lstm', lstmLayer, lstm, lstmMasked),
  ...rowsOf('gru', gruLayer, gru, gruMasked),
  ...rowsOf('simpleRNN', rnnLayer, simpleRNN, simpleRNNMasked),
};
