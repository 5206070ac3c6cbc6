import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import { type Call, type Examples, each, integers, onAxis } from './call.js';

const labelled = (backward: boolean): fc.Arbitrary<Call> =>
  fc
    .tuple(shapes({ maxRank: 2 }), fc.integer({ min: 1, max: 4 }))
    .chain(([shape, classes]) =>
      integers(shape, classes).map(
        (labels): Call =>
          backward
            ? { smooth: [shape, [...shape, classes]], inputs: ([g, x]) => [g!, x!, labels] }
            : { smooth: [[...shape, classes]], inputs: ([x]) => [x!, labels] },
      ),
    );

export const examples: Examples = {
  ...each(['softmax', 'logSoftmax'], onAxis),
  ...each(
    ['softmaxBackward', 'logSoftmaxBackward'],
    onAxis.map(({ smooth: [shape], attributes }): Call => ({ smooth: [shape!, shape!], attributes })),
  ),
  softmaxCrossEntropy: labelled(false),
  softmaxCrossEntropyBackward: labelled(true),
};
