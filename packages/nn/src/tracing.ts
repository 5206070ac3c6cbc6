/** Listening to the calls of modules: how shapes of outputs become known. */

import { isTensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import type { Module } from './module.js';

/** Hears of every module call while it is set. */
export const tracing: { visit: ((module: Module, output: unknown) => void) | null } = { visit: null };

/**
 * Describing a call instead of making it, where symbolic tensors are among the inputs; gives undefined where there are none. Null
 * until a program makes the first symbolic tensor, so that others never look for one.
 */
export const symbolically: { call: ((module: Module, inputs: readonly unknown[]) => unknown) | null } = { call: null };

/** Runs a function, and gathers the shapes of the outputs of all modules that it calls. */
export function outputShapesOf<R>(run: () => R): [result: R, shapes: Map<Module, Shape>] {
  const shapes = new Map<Module, Shape>();
  const before = tracing.visit;
  tracing.visit = (module, output) => {
    before?.(module, output);
    if (isTensor(output)) shapes.set(module, output.shape);
  };
  try {
    return [run(), shapes];
  } finally {
    tracing.visit = before;
  }
}
