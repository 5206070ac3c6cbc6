/**
 * The one import. Tensor functions and transforms flat; `nn` and `optim` as namespaces.
 *
 * @module cotangent
 */

export * from '@cotangent/autograd';
export {
  ArgumentError,
  configureHeap,
  CotangentError,
  type DType,
  DTypeError,
  FormatError,
  Generator,
  type HeapOptions,
  type HeapStats,
  heapStats,
  IndexError,
  InternalError,
  isDeterministic,
  manualSeed,
  resetHeapStats,
  setDeterministic,
  type Shape,
  ShapeError,
  type TypedArray,
} from '@cotangent/kernels';
export { nn, optim } from '@cotangent/nn';
export { type Kernel, mapBinary, mapUnary } from '@cotangent/kernels';
