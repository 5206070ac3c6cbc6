import { tensor } from '@cotangent/autograd';
import { ArgumentError, IndexError } from '@cotangent/kernels';
import { expectNear } from '../fixtures/testing.js';
import { normalize, padSequences, toCategorical } from './utils.js';

describe('nn.utils', () => {
  it('padSequences does what the examples of Keras do', () => {
    const sequences = [[1], [2, 3], [4, 5, 6]];
    expect(padSequences(sequences).toArray()).toEqual([
      [0, 0, 1],
      [0, 2, 3],
      [4, 5, 6],
    ]);
    expect(padSequences(sequences, { value: -1 }).toArray()).toEqual([
      [-1, -1, 1],
      [-1, 2, 3],
      [4, 5, 6],
    ]);
    expect(padSequences(sequences, { padding: 'post' }).toArray()).toEqual([
      [1, 0, 0],
      [2, 3, 0],
      [4, 5, 6],
    ]);
    expect(padSequences(sequences, { maxLength: 2 }).toArray()).toEqual([
      [0, 1],
      [2, 3],
      [5, 6],
    ]);
    expect(padSequences(sequences, { maxLength: 2, truncating: 'post' }).toArray()).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(() => padSequences(sequences, { maxLength: -1 })).toThrow(ArgumentError);
  });

  it('toCategorical does what the example of Keras does', () => {
    const rows = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ];
    expect(toCategorical(tensor([0, 1, 2, 3]), 4).toArray()).toEqual(rows);
    expect(toCategorical(tensor([[0], [1], [2], [3]])).toArray()).toEqual(rows);
    expect(() => toCategorical(tensor([4]), 4)).toThrow(IndexError);
  });

  it('normalize divides by the norm, where there is one', () => {
    expectNear(
      normalize(
        tensor([
          [3, 4],
          [0, 0],
        ]),
      ),
      [
        [0.6, 0.8],
        [0, 0],
      ],
      1e-6,
    );
    expectNear(normalize(tensor([[1, -3]]), { order: 1 }), [[0.25, -0.75]], 1e-6);
    expectNear(
      normalize(
        tensor([
          [3, 1],
          [4, 0],
        ]),
        { axis: 0 },
      ),
      [
        [0.6, 1],
        [0.8, 0],
      ],
      1e-6,
    );
  });
});
