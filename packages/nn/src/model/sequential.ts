import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { Layer } from '../layers/layer.js';
import { Module } from '../module.js';
import type { Variable } from '../parameter.js';
import { Model } from './model.js';

/**
 * Layers one behind the other. With `inputShape` on the first it is built at once; otherwise on the first call.
 *
 * @see https://keras.io/guides/sequential_model/
 * @example
 * const model = new nn.Sequential([
 *   new nn.Flatten({ inputShape: [28, 28] }),
 *   new nn.Dense({ units: 128, activation: 'relu' }),
 *   new nn.Dense({ units: 10 }),
 * ]);
 */
export class Sequential extends Model {
  readonly layers: readonly Module[];

  constructor(layers: readonly Module[]) {
    super();
    if (!Array.isArray(layers) || layers.length === 0)
      throw new ArgumentError('Sequential', 'got no layers; expected an array of at least one');
    for (const [i, layer] of layers.entries()) {
      if (!(layer instanceof Module))
        throw new ArgumentError(
          'Sequential',
          `got layers[${i}] of type ${typeof layer}; expected a layer`,
          'Make it with new: new nn.Dense({ units: 10 }).',
        );
    }
    this.layers = [...layers];
    const [first] = this.layers;
    if (first instanceof Layer && first.inputShape !== undefined) this.build(first.inputShape);
  }

  override forward(x: Tensor): Tensor {
    let value = x;
    for (const layer of this.layers) value = layer.call(value) as Tensor;
    return value;
  }

  /** Layers go by their number alone: `0.kernel`, not `layers.0.kernel`. */
  protected override parts(): [path: string, part: Variable | Module][] {
    const others = super.parts().filter(([path]) => !path.startsWith('layers.'));
    return [...this.layers.map((layer, i): [string, Module] => [String(i), layer]), ...others];
  }
}

/** The same as `new Sequential(layers)`. */
export function sequential(layers: readonly Module[]): Sequential {
  return new Sequential(layers);
}
