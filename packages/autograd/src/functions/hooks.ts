/** Looking at gradients while they flow. */

import { isFloating, ShapeError, shapesEqual } from '@cotangent/kernels';
import { GradientError } from '../errors.js';
import { isTensor, type Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/** Takes a hook away again. */
export interface HookHandle {
  /** No further call. */
  remove(): void;
}

/**
 * Calls `hook` with the gradient with respect to `x` whenever a backward pass has computed it, before it goes any further (a leaf:
 * before it is added to `.grad`). What the hook returns takes its place; nothing returned leaves it.
 *
 * The gradient is recycled after the pass: keep it with `.detach()`, or read it.
 *
 * @returns a handle that removes the hook
 * @throws GradientError when nothing is recorded for `x`; ShapeError when the hook returns another shape
 * @example
 * const w = tensor([1, 2], { requiresGrad: true });
 * registerHook(w, (g) => g.clip(-1, 1));
 * w.mul(5).sum().backward();
 * w.grad; // → [1, 1]
 */
export function registerHook(x: Tensor, hook: (gradient: Tensor) => Tensor | undefined): HookHandle {
  const { node } = checkTensor('registerHook', x);
  if (node === null) {
    throw new GradientError(
      'registerHook',
      `the result of ${x.madeBy} depends on nothing that requires a gradient`,
      'Set requiresGrad on what it was computed from.',
    );
  }
  const checked = (g: Tensor): Tensor => {
    const replaced = hook(g);
    if (replaced === undefined) return g;
    if (!isTensor(replaced) || !isFloating(replaced.dtype)) {
      throw new GradientError('registerHook', `the hook returned ${typeof replaced}; expected a tensor or nothing`);
    }
    if (!shapesEqual(replaced.shape, x.shape)) {
      throw new ShapeError('registerHook', { returned: replaced.shape, x: x.shape }, 'a gradient of the shape of x');
    }
    return replaced.cast(g.dtype);
  };
  node.hooks = [...(node.hooks ?? []), checked];
  return {
    remove() {
      const left = node.hooks?.filter((other) => other !== checked) ?? [];
      node.hooks = left.length === 0 ? null : left;
    },
  };
}

/**
 * Lets `x`, a result of a recorded operation, have a `.grad` after `backward()`, as leaves have (PyTorch's `retain_grad`).
 *
 * @throws GradientError when nothing is recorded for `x`
 * @example
 * const x = tensor([3], { requiresGrad: true });
 * const y = x.square();
 * retainGrad(y);
 * y.mul(2).sum().backward();
 * y.grad; // → [2]
 */
export function retainGrad(x: Tensor): void {
  if (checkTensor('retainGrad', x).isLeaf && x.requiresGrad) return; // a leaf keeps it anyway
  registerHook(x, (g) => {
    x.grad = x.grad === null ? g.detach() : x.grad.add(g).detach();
  });
}
