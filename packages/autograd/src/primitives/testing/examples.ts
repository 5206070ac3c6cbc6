/** How to call each differentiable primitive, by the file that declares it. A row without an example fails. */

import { examples as activation } from './activation.js';
import { examples as affineNormalize } from './affineNormalize.js';
import { examples as arithmetic } from './arithmetic.js';
import { examples as attention } from './attention.js';
import { examples as biasedConvolution } from './biasedConvolution.js';
import type { Examples } from './call.js';
import { examples as cast } from './cast.js';
import { examples as comparison } from './comparison.js';
import { examples as convolution } from './convolution.js';
import { examples as dense } from './dense.js';
import { examples as errorFunction } from './errorFunction.js';
import { examples as exponential } from './exponential.js';
import { examples as hyperbolic } from './hyperbolic.js';
import { examples as indexing } from './indexing.js';
import { examples as matmul } from './matmul.js';
import { examples as norm } from './norm.js';
import { examples as normalize } from './normalize.js';
import { examples as pooling } from './pooling.js';
import { examples as recurrent } from './recurrent.js';
import { examples as reduce } from './reduce.js';
import { examples as reshape } from './reshape.js';
import { examples as rmsNormalize } from './rmsNormalize.js';
import { examples as rounding } from './rounding.js';
import { examples as scan } from './scan.js';
import { examples as softmax } from './softmax.js';
import { examples as squaredError } from './squaredError.js';
import { examples as trigonometric } from './trigonometric.js';

export const examples: Readonly<Record<string, Examples>> = {
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
};
