/** Functions that look into the calls of a module. */

import { apply, type HookHandle, identity, mapTree, registerHook, type Tensor, treeLeaves } from '@cotangent/autograd';
import type { Module } from './module.js';

/** Sees the inputs of a call; may return others in their place, in a list. */
export type ForwardPreHook = (module: Module, inputs: readonly unknown[]) => readonly unknown[] | undefined;

/** Sees the inputs and the output of a call; may return another output. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => unknown;

/** Sees the gradients of the inputs and of the outputs of a call. */
export type BackwardHook = (
  module: Module,
  inputGradients: readonly (Tensor | null)[],
  outputGradients: readonly (Tensor | null)[],
) => void;

/** A handle that removes a hook. */
export function handle(remove: () => void): HookHandle {
  return { remove };
}

/**
 * Gathers the gradients at the borders of one call. Inputs pass through an identity, so that what arrives there has come
 * through this module and no other way.
 */
export class GradientWatch {
  private inputGradients: (Tensor | null)[] = [];
  private outputGradients: (Tensor | null)[] = [];
  private watched = 0;
  private arrived = 0;

  constructor(
    private readonly module: Module,
    private readonly hooks: readonly BackwardHook[],
  ) {}

  /** The inputs as the module is to see them. */
  inputs(given: readonly unknown[]): readonly unknown[] {
    return mapTree(given, (x) => {
      const place = this.inputGradients.push(null) - 1;
      if (!x.requiresGrad) return x;
      const passed = apply(identity, [x], undefined);
      this.watched++;
      registerHook(passed, (g) => {
        this.inputGradients[place] = g.detach();
        this.arrived = (this.arrived + 1) % this.watched;
        if (this.arrived === 0) this.report();
      });
      return passed;
    });
  }

  /** The output, watched. */
  outputs(output: unknown): unknown {
    for (const y of treeLeaves(output)) {
      const place = this.outputGradients.push(null) - 1;
      if (!y.requiresGrad) continue;
      registerHook(y, (g) => {
        // The pass recycles it long before it reaches the inputs.
        this.outputGradients[place] = g.detach();
        // Without an input to wait for, the outputs are all there is.
        if (this.watched === 0) this.report();
      });
    }
    return output;
  }

  private report(): void {
    for (const hook of this.hooks) hook(this.module, this.inputGradients, this.outputGradients);
  }
}
