/** Updates of parameters in place: several blocks change in one pass over memory. */

import type { Block } from '../block.js';
import { type MapKernel, mapKernel, patternName } from './mapKernel.js';
import { lanesOf, pointerOf } from './runMap.js';

export const sgd: MapKernel = mapKernel({
  name: 'sgd',
  inputs: { w: 'elements', g: 'elements' },
  outputs: { newW: 'elements' },
  parameters: ['learningRate'],
  broadcast: false,
  unroll: 2,
  body: (v, { w, g }, { learningRate }) => ({ newW: v.sub(w, v.mul(learningRate, g)) }),
});

function momentumMap(name: string, nesterov: boolean): MapKernel {
  return mapKernel({
    name,
    inputs: { w: 'elements', velocity: 'elements', g: 'elements' },
    outputs: { newW: 'elements', newVelocity: 'elements' },
    parameters: ['learningRate', 'momentum'],
    broadcast: false,
    body: (v, { w, velocity, g }, { learningRate, momentum }) => {
      const step = v.let(v.mul(learningRate, g));
      const moved = v.let(v.sub(v.mul(momentum, velocity), step));
      return { newW: v.add(w, nesterov ? v.sub(v.mul(momentum, moved), step) : moved), newVelocity: moved };
    },
  });
}

export const momentum: MapKernel = momentumMap('momentum', false);
export const nesterovMomentum: MapKernel = momentumMap('nesterovMomentum', true);

export const adam: MapKernel = mapKernel({
  name: 'adam',
  inputs: { w: 'elements', m: 'elements', s: 'elements', g: 'elements' },
  outputs: { newW: 'elements', newM: 'elements', newS: 'elements' },
  parameters: ['rate', 'gain1', 'gain2', 'epsilon'],
  broadcast: false,
  body: (v, { w, m, s, g }, { rate, gain1, gain2, epsilon }) => {
    const newM = v.let(v.add(m, v.mul(gain1, v.sub(g, m))));
    const newS = v.let(v.add(s, v.mul(gain2, v.sub(v.mul(g, g), s))));
    return { newW: v.sub(w, v.div(v.mul(rate, newM), v.add(v.sqrt(newS), epsilon))), newM, newS };
  },
});

/**
 * Runs an update over `operands`, the first of which are its outputs, if all lie contiguous in the heap and have one size
 * and one floating dtype.
 *
 * @returns false where they do not, and nothing was done
 */
export function runUpdate(kernel: MapKernel, operands: readonly Block[], parameters: readonly number[]): boolean {
  const { dtype, size } = operands[0]!;
  const type = lanesOf(dtype);
  if (type === undefined) return false;
  for (const block of operands) {
    if (!(block.storage.inHeap && block.contiguous && block.dtype === dtype && block.size === size)) return false;
  }
  const inputs = operands.flatMap((block) => [pointerOf(block), 0]);
  const pattern = patternName(operands.map(() => 'each'));
  kernel.run(type, pattern)!(1, size, ...inputs.slice(0, 2 * kernel.outputs.length), ...inputs, ...parameters);
  return true;
}
