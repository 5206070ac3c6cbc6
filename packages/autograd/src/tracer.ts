/** Standing in for kernels: what describes a computation instead of running it does so here, at the one place where all calls pass. */

import type { DType, Shape } from '@cotangent/kernels';
import type { Primitive } from './primitive.js';
import type { Tensor } from './tensor.js';

/** What receives the calls on tensors that have a shape and no numbers (`Tensor.tracer`). */
export interface Tracer {
  /** A call with such a tensor among its inputs, which the row has found valid. @returns the result: of that shape and dtype */
  apply<A>(row: Primitive<A>, inputs: readonly Tensor[], attributes: A, shape: Shape, dtype: DType): Tensor;
  /** The numbers of such a tensor were asked for. */
  refuseToRead(x: Tensor): never;
}
