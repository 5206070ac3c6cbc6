import fc from 'fast-check';
import { copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import * as plainActivation from '../elementwise/activation.js';
import * as plainArithmetic from '../elementwise/arithmetic.js';
import * as plainComparison from '../elementwise/comparison.js';
import type { Kernel } from '../elementwise/runs.js';
import { dropout as plainDropout, where as plainWhere } from '../elementwise/select.js';
import { anyNumber, arrangements, blockOf, broadcastable, cycle, shapes } from '../testing/heapBlocks.js';
import * as simd from './elementwise.js';
import { simdAvailable } from './load.js';
import type { MapKernel } from './mapKernel.js';
import { runMap } from './runMap.js';

const twins: readonly [MapKernel, Kernel, parameters?: readonly number[]][] = [
  [simd.add, plainArithmetic.add.plain],
  [simd.subtract, plainArithmetic.subtract.plain],
  [simd.multiply, plainArithmetic.multiply.plain],
  [simd.divide, plainArithmetic.divide.plain],
  [simd.maximum, plainArithmetic.maximum.plain],
  [simd.minimum, plainArithmetic.minimum.plain],
  [simd.negative, plainArithmetic.negative.plain],
  [simd.abs, plainArithmetic.abs.plain],
  [simd.square, plainArithmetic.square.plain],
  [simd.sqrt, plainArithmetic.sqrt.plain],
  [simd.relu, plainActivation.relu.plain],
  [simd.reluBackward, plainActivation.reluBackward.plain],
  [simd.equal, plainComparison.equal.plain],
  [simd.notEqual, plainComparison.notEqual.plain],
  [simd.less, plainComparison.less.plain],
  [simd.lessEqual, plainComparison.lessEqual.plain],
  [simd.greater, plainComparison.greater.plain],
  [simd.greaterEqual, plainComparison.greaterEqual.plain],
  [simd.where, plainWhere.plain],
  [simd.dropout, (out, inputs) => plainDropout.plain(out, inputs, { scale: 1.1 }), [1.1]],
];

const describeSimd = simdAvailable() ? describe : describe.skip;

describeSimd('elementwise SIMD kernels', () => {
  it.each(twins.map(([kernel, plain, parameters = []]) => [kernel.name, kernel, plain, parameters] as const))(
    '%s gives the bits of its plain twin for every shape, layout and number',
    (_, kernel, plain, parameters) => {
      let taken = 0;
      const property = fc.property(
        fc.constantFrom<DType>('float32', 'float64'),
        shapes(4),
        fc.array(fc.tuple(fc.nat(1023), arrangements), { minLength: 3, maxLength: 3 }),
        fc.array(anyNumber, { minLength: 1, maxLength: 50 }),
        (dtype, shape, layouts, numbers) => {
          const next = cycle(numbers);
          const unary = kernel.inputs.length === 1;
          const inputs = kernel.inputs.map((kind, k) => {
            const [choice, arrangement] = layouts[k]!;
            // The shape of the output is that of the first input or wider.
            const own = unary || k === 0 ? shape : broadcastable(shape, choice);
            return kind === 'bools'
              ? blockOf('bool', own, arrangement, () => (next() > 0 ? 1 : 0))
              : blockOf(dtype, own, arrangement, next);
          });
          const result = kernel.outputs[0] === 'bools' ? 'bool' : dtype;
          // One element more than needed on either side, to see that nothing else is written.
          const whole = [
            newBlock(result, [inputs[0]!.size + 2], false),
            newBlock(result, [inputs[0]!.size + 2], false),
          ];
          const [expected, actual] = whole.map((block) => {
            block.data.fill(7, block.offset, block.offset + block.size);
            const shifted = newBlock(result, shape, false);
            return block.view({ shape, strides: shifted.strides, offset: block.offset + 1 });
          });
          if (!runMap(kernel, actual!, inputs, parameters)) return;
          taken++;
          plain(expected!, inputs, undefined);
          expect(copyOut(whole[1]!)).toEqual(copyOut(whole[0]!));
        },
      );
      fc.assert(property);
      expect(taken).toBeGreaterThan(10);
    },
  );

  it('computes in place', () => {
    const x = blockOf('float32', [1001], 'contiguous', cycle([1, 2, 3, 4, 5]));
    expect(runMap(simd.add, x, [x, x])).toBe(true);
    expect([...copyOut(x).slice(0, 6)]).toEqual([2, 4, 6, 8, 10, 2]);
    expect(copyOut(x)[1000]).toBe(2);
  });

  it('leaves what it cannot do to the plain loops', () => {
    const [floats, integers] = [blockOf('float32', [4, 4], 'transposed', () => 1), newBlock('int32', [4, 4], false)];
    expect(runMap(simd.add, newBlock('float32', [4, 4], false), [floats, newBlock('float32', [4, 4], false)])).toBe(
      false,
    );
    expect(runMap(simd.add, integers, [integers, integers])).toBe(false);
    expect(runMap(simd.abs, newBlock('float32', [4], true), [newBlock('float32', [4], true)])).toBe(false);
  });
});
