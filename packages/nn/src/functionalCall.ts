/** A module as a function of its parameters. */

import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, ShapeError, shapesEqual } from '@cotangent/kernels';
import type { Module, Slot } from './module.js';
import type { Parameter } from './parameter.js';

/**
 * Calls a module with other tensors in the place of its parameters: for transforms that need the parameters as an argument
 * (`vmap` over an ensemble, `hessian`, MAML's inner steps, Hamiltonian Monte Carlo). The module is as before afterwards.
 *
 * @param module built already: called once, or with `build`
 * @param parameters tensors by the paths that `namedParameters()` gives; a parameter without one keeps its own value, and one that
 *   several modules share is replaced in all of them
 * @param inputs what `module.call` takes
 * @returns what `module.call` returns
 * @throws ArgumentError for an unknown path or a module without values; ShapeError, DTypeError for a tensor that does not fit
 * @example
 * const net = new nn.Dense({ units: 1 });
 * net.call(x);
 * const loss = (p: Record<string, Tensor>) => nn.functionalCall(net, p, x).square().mean();
 * grad(loss)(Object.fromEntries(net.namedParameters()));
 */
export function functionalCall<M extends Module>(
  module: M,
  parameters: Readonly<Record<string, Tensor>>,
  ...inputs: Parameters<M['forward']>
): ReturnType<M['forward']> {
  const standIns = standInsFor(module, parameters);
  const replaced: { slot: Slot; parameter: Parameter }[] = [];
  try {
    for (const [, part] of module.namedModules()) {
      for (const slot of part.slots()) {
        const parameter = slot.holder[slot.key] as Parameter;
        const standIn = standIns.get(parameter);
        if (standIn === undefined) continue;
        replaced.push({ slot, parameter });
        slot.holder[slot.key] = standIn;
      }
    }
    return module.call(...(inputs as never)) as ReturnType<M['forward']>;
  } finally {
    for (const { slot, parameter } of replaced) slot.holder[slot.key] = parameter;
  }
}

function standInsFor(module: Module, parameters: Readonly<Record<string, Tensor>>): Map<Parameter, Tensor> {
  const named = new Map(module.namedParameters());
  const standIns = new Map<Parameter, Tensor>();
  for (const [path, standIn] of Object.entries(parameters)) {
    const parameter = named.get(path);
    if (parameter === undefined) {
      throw new ArgumentError(
        'functionalCall',
        `got a tensor for '${path}'; the parameters are ${[...named.keys()].join(', ')}`,
      );
    }
    if (!isTensor(standIn))
      throw new ArgumentError('functionalCall', `got ${typeof standIn} for '${path}'; expected a tensor`);
    if (!parameter.hasValue) {
      throw new ArgumentError(
        'functionalCall',
        `'${path}' has no shape yet`,
        'Call the module once before, or build it with an input shape.',
      );
    }
    if (!shapesEqual(standIn.shape, parameter.shape))
      throw new ShapeError('functionalCall', { [path]: standIn.shape }, `shape [${parameter.shape.join(', ')}]`);
    if (standIn.dtype !== parameter.dtype)
      throw new DTypeError('functionalCall', { [path]: standIn.dtype }, parameter.dtype);
    standIns.set(parameter, standIn);
  }
  return standIns;
}
