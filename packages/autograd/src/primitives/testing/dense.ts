import fc from 'fast-check';
import { tensor } from '../../create.js';
import { type Call, type Examples, each } from './call.js';

const extents = fc.tuple(
  fc.nat({ max: 3 }),
  fc.nat({ max: 3 }),
  fc.nat({ max: 3 }),
  fc.constantFrom([], [1], [2], [0]),
);

const layers = extents.map(([m, k, n, batch]): Call => ({ smooth: [[...batch, m, k], [k, n], [n]] }));

/** A held bias of ±20 decides on which side of the kink a column lies: products of three numbers below 2 stay below 12. */
const awayFromKink = extents.map(([m, k, n, batch]): Call => {
  const bias = tensor(
    Array.from({ length: n }, (_, j) => (j % 2 === 0 ? 20 : -20)),
    { dtype: 'float64' },
  );
  return {
    smooth: [
      [...batch, m, k],
      [k, n],
    ],
    inputs: ([x, kernel]) => [x!, kernel!, bias],
  };
});

export const examples: Examples = { ...each(['dense', 'denseTanh', 'denseSigmoid'], layers), denseRelu: awayFromKink };
