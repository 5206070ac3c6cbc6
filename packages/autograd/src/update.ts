/** Memory that lives as long as a model, and changes to it in place: what parameters and optimizers are made of. */

import { ArgumentError, type Block, copyInto, DTypeError, newBlock, withContiguous } from '@cotangent/kernels';
import { modes } from './modes.js';
import { Tensor } from './tensor.js';

/**
 * A copy of `x` in heap memory that no scope releases and no budget moves: for parameters and optimizer state.
 *
 * @example
 * const kept = scope(() => [persistent(tensor([1, 2]).mul(2))]);
 * kept[0]; // → [2, 4]
 */
export function persistent(x: Tensor): Tensor {
  return new Tensor(persistentBlock(x), x.madeBy);
}

/**
 * Gives a tensor that has no numbers yet (a parameter of deferred shape) a copy of those of `value`, and its shape.
 *
 * @throws ArgumentError when `target` has numbers; DTypeError for a value of another dtype
 * @example
 * const later = new Tensor(null, 'later', [2], 'float32');
 * giveValue(later, tensor([3, 4]));
 * later; // → [3, 4]
 */
export function giveValue(target: Tensor, value: Tensor): void {
  if (target.hasValue) {
    throw new ArgumentError(
      'giveValue',
      `got a target made by ${target.madeBy} that has numbers already; expected one without`,
      'Change them with update().',
    );
  }
  if (target.dtype !== value.dtype) {
    throw new DTypeError(
      'giveValue',
      { target: target.dtype, value: value.dtype },
      'one dtype',
      `Use value.cast('${target.dtype}').`,
    );
  }
  target.moveTo(persistentBlock(value));
}

function persistentBlock(x: Tensor): Block {
  const block = newBlock(x.dtype, x.shape, false);
  copyInto(block, x.block);
  return block;
}

/**
 * Runs an in-place kernel: it changes `targets` and reads `inputs` (all handed over contiguous), outside the tape. A
 * backward pass that had kept a target notices by its version and refuses.
 *
 * @throws ArgumentError when a target is a strided view, whose owner would not expect the change
 * @example
 * const w = persistent(tensor([1, 2]));
 * update(([target]) => target.data.fill(7, target.offset, target.offset + 2), [w], []);
 * w; // → [7, 7]
 */
export function update(kernel: InPlaceKernel, targets: readonly Tensor[], inputs: readonly Tensor[]): void {
  const blocks = blocksOf(targets);
  const read = blocksOf(inputs);
  for (let i = 0; i < blocks.length; i++) {
    if (!blocks[i]!.contiguous) {
      throw new ArgumentError(
        'update',
        'got a strided view to change in place',
        'Copy it first: tensor(view, { requiresGrad: true }).',
      );
    }
  }
  const [first] = targets;
  if (modes.profiler === null || first === undefined) run(kernel, blocks, read);
  else modes.profiler.time('update', 'update', first.shape, first.dtype, () => run(kernel, blocks, read));
  for (let i = 0; i < blocks.length; i++) blocks[i]!.storage.version++;
}

function blocksOf(tensors: readonly Tensor[]): Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < tensors.length; i++) blocks.push(tensors[i]!.block);
  return blocks;
}

type InPlaceKernel = (targets: readonly Block[], inputs: readonly Block[]) => void;

function run(kernel: InPlaceKernel, blocks: readonly Block[], read: readonly Block[]): void {
  for (let i = 0; i < read.length; i++) {
    if (!read[i]!.contiguous) {
      withAllContiguous(read, (contiguous) => kernel(blocks, contiguous));
      return;
    }
  }
  kernel(blocks, read);
}

function withAllContiguous(
  given: readonly Block[],
  use: (blocks: readonly Block[]) => void,
  done: readonly Block[] = [],
): void {
  if (done.length === given.length) use(done);
  else withContiguous(given[done.length]!, (block) => withAllContiguous(given, use, [...done, block]));
}
