/** Our kernels, as they are dispatched and as plain loops; and the ceilings of the machine. */

import * as kernels from '@cotangent/kernels';
import { type Block, type DType, type Kernel, permuteLayout, type Shape } from '@cotangent/kernels';
import { ceilingModule, ceilingOperations, simdAvailable, variantFor } from '@cotangent/kernels/wasm';
import { type Contender, dtypeOf, timed, valueAt, type Workload } from '../workload.js';

function inHeap(shape: Shape, dtype: DType = 'float32', value: (i: number) => number = () => 0): Block {
  const block = kernels.newBlock(dtype, shape, false);
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = value(i);
  return block;
}

type Dispatched = Kernel & { readonly plain?: Kernel };

const transpose: Kernel = (out, [x]) => kernels.copyInto(out, x!.view(permuteLayout(x!, [1, 0])));

const learning = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

const generator = new kernels.Generator(1);

/** Work that is not a kernel by its name, with inputs and a result: layouts, random numbers, updates in place. */
const others: Readonly<Record<string, Kernel>> = {
  transpose,
  uniform: (out) => generator.fillUniform(out),
  dropout: (out, [x, mask]) => {
    generator.fillMask(mask!, 0.5);
    kernels.dropout(out, [x!, mask!], { scale: 2 });
  },
  sgd: (out, [gradient]) => kernels.sgdStep(out, gradient!, { learningRate: 1e-3 }),
  adam: (out, [m, s, gradient]) => kernels.adamStep(out, m!, s!, gradient!, learning),
};

/** Ours is always measured: the others are compared with it. */
export function cotangent(workload: Workload, wanted: (library: string) => boolean): Contender[] {
  const { operation, shapes, out, attributes } = workload;
  const kernel = others[operation] ?? (kernels as unknown as Record<string, Dispatched>)[operation]!;
  const contender = (library: string, run: Kernel): Contender => {
    const inputs = shapes.map((shape, k) => inHeap(shape, dtypeOf(workload, k), (i) => valueAt(workload, k, i)));
    const target = inHeap(out, dtypeOf(workload, shapes.length));
    return { library, time: timed(() => run(target, inputs, attributes)) };
  };
  const ours = contender('cotangent', kernel);
  const { plain } = kernel as Dispatched;
  return plain === undefined || !wanted('cotangent plain') ? [ours] : [ours, contender('cotangent plain', plain)];
}

/** What the machine can do at best: multiply-adds that never leave the registers, and copying. */
export function ceilings(): { readonly workload: Workload; readonly contenders: Contender[] }[] {
  const million = 2 ** 20;
  const [to, from] = [inHeap([million]), inHeap([million])];
  const copy = {
    workload: { name: 'ceiling: copy 1M', operation: '', shapes: [], out: [], amount: 8 * million, unit: 'GB/s' },
    contenders: [
      { library: 'ceiling', time: timed(() => void to.data.copyWithin(to.offset, from.offset, from.offset + million)) },
    ],
  } as const;
  if (!simdAvailable()) return [{ ...copy, contenders: [...copy.contenders] }];
  const turns = 100_000;
  const variant = variantFor('f32x4');
  const { ceiling } = ceilingModule(variant);
  const scratch = inHeap([1024]);
  const amount = turns * ceilingOperations(variant);
  return [
    {
      workload: {
        name: 'ceiling: multiply-add in registers',
        operation: '',
        shapes: [],
        out: [],
        amount,
        unit: 'GFLOP/s',
      },
      contenders: [{ library: 'ceiling', time: timed(() => void ceiling!(turns, scratch.offset * 4)) }],
    },
    { ...copy, contenders: [...copy.contenders] },
  ];
}
