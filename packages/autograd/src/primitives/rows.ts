/** Every primitive, in reading order: for tests, docs and exporters. Nothing looks a primitive up here at run time. */

import type { Primitive } from '../primitive.js';
import { relu, reluBackward, sigmoid, tanh } from './activation.js';
import {
  abs,
  add,
  divide,
  maximum,
  minimum,
  multiply,
  negative,
  power,
  sign,
  sqrt,
  square,
  subtract,
} from './arithmetic.js';
import { cast } from './cast.js';
import { clip, equal, greater, greaterEqual, less, lessEqual, notEqual, where } from './comparison.js';
import { exp, log } from './exponential.js';
import { gather, scatterAdd } from './indexing.js';
import { matmul } from './matmul.js';
import { argmax, argmin, max, min, sum } from './reduce.js';
import { broadcastTo, concat, identity, permute, placeSlice, reshape, slice } from './reshape.js';
import { logSoftmax, softmax, softmaxCrossEntropy, softmaxCrossEntropyBackward } from './softmax.js';

export const rows: readonly Primitive<never>[] = [
  add,
  subtract,
  multiply,
  divide,
  power,
  maximum,
  minimum,
  negative,
  square,
  sqrt,
  abs,
  sign,
  exp,
  log,
  tanh,
  sigmoid,
  relu,
  reluBackward,
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  where,
  clip,
  cast,
  sum,
  max,
  min,
  argmax,
  argmin,
  identity,
  reshape,
  permute,
  broadcastTo,
  slice,
  placeSlice,
  concat,
  matmul,
  gather,
  scatterAdd,
  softmax,
  logSoftmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
];
