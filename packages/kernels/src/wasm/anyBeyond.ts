/** Whether numbers are too large for a kernel: a look through them that stops at the first. */

import type { Block } from '../block.js';
import { type Func, func } from './assemble.js';
import { anyTrue, constant, op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule } from './load.js';
import { lanesOf, pointerOf } from './runMap.js';

function functions(type: FloatVector): readonly Func[] {
  const element = type === 'f32x4' ? 'f32' : 'f64';
  return [
    func('anyBeyond', { at: 'i32', count: 'i32', limit: element as 'f32' }, 'i32', (code, { at, count, limit }) => {
      const v = new Lanes<FloatVector>(type, code);
      const bound = v.let(v.splat(limit));
      const found = code.let(constant('i32', 0));
      code.block((end) => {
        const look = (elements: number): void => {
          code.while(op('i32.ge_u', count, elements), () => {
            const values = elements === 1 ? v.loadSplat(at) : v.load(at);
            code.set(found, anyTrue(v.gt(v.abs(values), bound)));
            code.branchIf(end, found);
            code.advance(at, elements * v.elementBytes);
            code.advance(count, -elements);
          });
        };
        look(v.width);
        look(1);
      });
      return found;
    }),
  ];
}

const compiled = lazyModule(functions);

/** Whether a floating element of contiguous `x` in the heap is beyond ±limit; true of what it cannot look through. */
export function anyBeyond(x: Block, limit: number): boolean {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.contiguous || !x.storage.inHeap) return true;
  return compiled(type)['anyBeyond']!(pointerOf(x), x.size, limit) !== 0;
}
