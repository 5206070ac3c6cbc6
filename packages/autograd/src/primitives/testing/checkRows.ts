/** The laws that every row keeps, as tests. */

import fc from 'fast-check';
import { apply, type Primitive } from '../../primitive.js';
import type { Tensor } from '../../tensor.js';
import {
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  smoothTensors,
} from '../../testing/index.js';
import { rowsByFile } from '../rows.js';
import type { Call } from './call.js';
import { mappingAgreesWithLoop } from './checkBatching.js';
import { examples } from './examples.js';

/** Whether any input has a derivative. */
export const differentiable = (row: Primitive<never>): boolean =>
  (row.inputs ?? ['inputs']).some((_, i) => row.hasVjp(i));

/** The call as a function of its smooth inputs; `viewed` turns each into a strided view of the same numbers first. */
function asFunction(row: Primitive<never>, call: Call, viewed: boolean) {
  return (...smooth: Tensor[]): Tensor => {
    const seen = viewed ? smooth.map((x) => x.permute().add(0).permute()) : smooth;
    return apply(row, call.inputs?.(seen) ?? seen, call.attributes as never);
  };
}

/** Registers the tests of the rows of one file of primitives: of all that have an example, and each differentiable one must. */
export function checkRowsOf(file: string): void {
  for (const row of rowsByFile[file]!.filter(differentiable)) {
    const sample = examples[file]?.[row.name]?.chain((call) =>
      fc.tuple(fc.constant(call), smoothTensors(call.smooth, row.domain), fc.boolean()),
    );

    it(`${row.name}: gradients agree with central differences at orders 1 and 2, and forward with reverse mode`, () => {
      if (sample === undefined) throw new Error(`${row.name} has no test: say in testing/${file}.ts how to call it`);
      fc.assert(
        fc.property(sample, ([call, smooth, viewed]) => {
          const f = asFunction(row, call, viewed);
          for (let k = 0; k < smooth.length; k++) {
            if (!row.hasVjp(positionOf(call, smooth, k))) continue;
            gradientAgreesWithDifferences(f, smooth, k);
            forwardAgreesWithReverse(f, smooth, k);
            forwardOverReverseAgrees(f, smooth, k);
            for (let l = 0; l < smooth.length; l++) {
              if (row.hasVjp(positionOf(call, smooth, l))) secondOrderAgreesWithDifferences(f, smooth, k, l);
            }
          }
        }),
      );
    });
  }

  for (const row of rowsByFile[file]!) {
    const calls = examples[file]?.[row.name];
    if (calls !== undefined) it(`${row.name}: vmap agrees with a loop`, () => mappingAgreesWithLoop(row, calls));
  }
}

/** Which input of the primitive smooth input k becomes. */
function positionOf(call: Call, smooth: readonly Tensor[], k: number): number {
  return call.inputs === undefined ? k : call.inputs(smooth).indexOf(smooth[k]!);
}
