/** Our kernels, as they are dispatched and as plain loops; and the ceilings of the machine. */

import * as kernels from '@cotangent/kernels';
import { type Block, type Kernel, permuteLayout, type Shape } from '@cotangent/kernels';
import { ceilingModule, ceilingOperations, simdAvailable, variantFor } from '@cotangent/kernels/wasm';
import { type Contender, timed, type Workload } from '../workload.js';

export const filled = (i: number): number => 0.1 + (i % 97) / 100;

function inHeap(shape: Shape): Block {
  const block = kernels.newBlock('float32', shape, false);
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = filled(i);
  return block;
}

type Dispatched = Kernel & { readonly plain?: Kernel };

const transpose: Kernel = (out, [x]) => kernels.copyInto(out, x!.view(permuteLayout(x!, [1, 0])));

export function cotangent({ operation, shapes, out, attributes }: Workload): Contender[] {
  const kernel: Dispatched =
    operation === 'transpose' ? transpose : (kernels as unknown as Record<string, Dispatched>)[operation]!;
  const contender = (library: string, run: Kernel): Contender => {
    const inputs = shapes.map(inHeap);
    const target = inHeap(out);
    return { library, time: timed(() => run(target, inputs, attributes)) };
  };
  const ours = contender('cotangent', kernel);
  return kernel.plain === undefined ? [ours] : [ours, contender('cotangent plain', kernel.plain)];
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
