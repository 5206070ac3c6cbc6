/** Every primitive, in reading order: for tests, docs and exporters. Nothing looks a primitive up here at run time. */

import { Primitive } from '../primitive.js';
import * as activation from './activation.js';
import * as affineNormalize from './affineNormalize.js';
import * as arithmetic from './arithmetic.js';
import * as attention from './attention.js';
import * as biasedConvolution from './biasedConvolution.js';
import * as cast from './cast.js';
import * as comparison from './comparison.js';
import * as convolution from './convolution.js';
import * as dense from './dense.js';
import * as errorFunction from './errorFunction.js';
import * as exponential from './exponential.js';
import * as hyperbolic from './hyperbolic.js';
import * as indexing from './indexing.js';
import * as matmul from './matmul.js';
import * as norm from './norm.js';
import * as normalize from './normalize.js';
import * as pooling from './pooling.js';
import * as recurrent from './recurrent.js';
import * as reduce from './reduce.js';
import * as reshape from './reshape.js';
import * as rmsNormalize from './rmsNormalize.js';
import * as rounding from './rounding.js';
import * as scan from './scan.js';
import * as softmax from './softmax.js';
import * as squaredError from './squaredError.js';
import * as stop from './stop.js';
import * as trigonometric from './trigonometric.js';

/** The files of primitives. Every row that such a file exports is one of the library's. */
const files: Readonly<Record<string, object>> = {
  arithmetic,
  exponential,
  trigonometric,
  hyperbolic,
  errorFunction,
  activation,
  comparison,
  rounding,
  cast,
  reduce,
  scan,
  reshape,
  matmul,
  convolution,
  biasedConvolution,
  pooling,
  dense,
  indexing,
  softmax,
  normalize,
  affineNormalize,
  rmsNormalize,
  attention,
  recurrent,
  norm,
  squaredError,
  stop,
};

const rowsOf = (file: object): readonly Primitive<never>[] =>
  Object.values(file).filter((exported): exported is Primitive<never> => exported instanceof Primitive);

/** Every primitive, by the file that declares it. */
export const rowsByFile: Readonly<Record<string, readonly Primitive<never>[]>> = Object.fromEntries(
  Object.entries(files).map(([name, file]) => [name, rowsOf(file)]),
);

export const rows: readonly Primitive<never>[] = Object.values(rowsByFile).flat();
