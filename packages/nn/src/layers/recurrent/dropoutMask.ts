import { dropout, ones, type Tensor } from '@cotangent/autograd';
import { type DType, type Generator, type Shape, shapesEqual } from '@cotangent/kernels';

/** How masks of dropout are drawn. */
export interface MaskSource {
  /** Share of zeros. */
  readonly rate: number;
  readonly dtype: DType;
  /** The global one where undefined. */
  readonly generator: Generator | undefined;
}

/**
 * What is multiplied by for dropout, 0 or 1 / (1 − rate), the same in all steps of a sequence: the mask `before`, or a new one if there is none, if it
 * has another shape (a batch of another size is another sequence), or if it ended with a scope.
 */
export function dropoutMask(before: Tensor | null, shape: Shape, { rate, dtype, generator }: MaskSource): Tensor {
  if (before !== null && !before.isReleased && shapesEqual(before.shape, shape)) return before;
  return dropout(ones(shape, { dtype }), rate, generator === undefined ? {} : { generator });
}
