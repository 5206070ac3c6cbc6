import { ArgumentError, DTypeError, heapMemory, heapStats } from '@cotangent/kernels';
import { GradientError, giveValue, ones, persistent, scope, Tensor, tensor, update } from './index.js';
import { expectError } from './testing/expectError.js';

describe('persistent(x)', () => {
  it('is a copy that no scope releases', () => {
    const x = tensor([1, 2]);
    const kept = { x: undefined as Tensor | undefined };
    scope(() => {
      kept.x = persistent(x.mul(3));
    });
    for (let i = 0; i < 20; i++) ones([2]).mul(i);
    expect(kept.x!.toArray()).toEqual([3, 6]);
    if (heapMemory() !== null) expect(heapStats().liveBytes).toBeGreaterThan(0);
  });

  it('is contiguous, whatever it copies', () => {
    const x = persistent(
      tensor([
        [1, 2],
        [3, 4],
      ]).T,
    );
    expect([x.toArray(), x.strides]).toEqual([
      [
        [1, 3],
        [2, 4],
      ],
      [2, 1],
    ]);
  });
});

describe('update(kernel, targets, inputs)', () => {
  const addTo = (targets: readonly Tensor[], inputs: readonly Tensor[]): void =>
    update(
      ([target], [x]) => {
        for (let i = 0; i < target!.size; i++) target!.data[target!.offset + i]! += x!.data[x!.offset + i]!;
      },
      targets,
      inputs,
    );

  it('changes leaves in place, off the tape, and hands strided inputs over contiguous', () => {
    const w = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const block = w.block;
    addTo(
      [w],
      [
        tensor([
          [10, 20],
          [30, 40],
        ]).T,
      ],
    );
    expect([w.toArray(), w.block === block, w.isLeaf]).toEqual([
      [
        [11, 32],
        [23, 44],
      ],
      true,
      true,
    ]);
  });

  it('is noticed by a backward pass that had kept the old numbers', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const y = w.square().sum();
    addTo([w], [ones([2])]);
    expectError(
      () => y.backward(),
      GradientError,
      /^backward: a tensor that square keeps for its derivative was changed in place/,
    );
    w.square().sum().backward();
    expect(w.grad!.toArray()).toEqual([4, 6]);
  });

  it('refuses strided targets', () => {
    expectError(
      () =>
        addTo(
          [
            tensor([
              [1, 2],
              [3, 4],
            ]).T,
          ],
          [ones([2, 2])],
        ),
      ArgumentError,
      /^update: got a strided view to change in place\. Copy it first/,
    );
  });
});

describe('giveValue(target, value)', () => {
  it('gives a tensor without numbers a copy and its shape, once', () => {
    const target = new Tensor(null, 'Parameter', [], 'float32');
    expect(target.toString()).toBe('Tensor float32 [] (no value yet)');
    const value = tensor([1, 2]);
    giveValue(target, value);
    value.assign(tensor([9, 9]));
    expect([target.shape, target.toArray()]).toEqual([[2], [1, 2]]);
    expectError(
      () => giveValue(target, value),
      ArgumentError,
      'giveValue: got a target made by Parameter that has numbers already; expected one without. Change them with update().',
    );
    const later = new Tensor(null, 'Parameter', [], 'float64');
    expectError(
      () => giveValue(later, value),
      DTypeError,
      "giveValue: got target float64 and value float32; expected one dtype. Use value.cast('float64').",
    );
    expect(later.hasValue).toBe(false);
  });
});
