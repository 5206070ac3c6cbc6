import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { Layer } from '../layers/layer.js';
import { Module } from '../module.js';
import { shown } from '../options.js';
import type { Variable } from '../parameter.js';
import { Model } from './model.js';

/**
 * Layers one behind the other. With `inputShape` on the first it is built at once; otherwise on the first call.
 *
 * @throws ArgumentError for layers that are none
 * @see https://keras.io/guides/sequential_model/
 * @example
 * const model = new nn.Sequential([
 *   new nn.Flatten({ inputShape: [28, 28] }),
 *   new nn.Dense({ units: 128, activation: 'relu' }),
 *   new nn.Dense({ units: 10 }),
 * ]);
 */
export class Sequential extends Model {
  private readonly stack: Module[] = [];

  /** @param layers the first of them; more may follow with `add`. @defaultValue none */
  constructor(layers: readonly Module[] = []) {
    super();
    if (!Array.isArray(layers))
      throw new ArgumentError('Sequential', `got layers ${shown(layers)}; expected an array of layers`);
    this.add(...layers);
  }

  /** The layers, first to last. */
  get layers(): readonly Module[] {
    return this.stack;
  }

  /** Puts layers behind the others. With an `inputShape` on the first, the model is built at once. @throws ArgumentError for what is no layer */
  add(...layers: readonly Module[]): this {
    for (const [i, layer] of layers.entries()) {
      if (!(layer instanceof Module))
        throw new ArgumentError(
          'Sequential',
          `got layers[${i}] of type ${typeof layer}; expected a layer`,
          'Make it with new: new nn.Dense({ units: 10 }).',
        );
    }
    if (layers.length === 0) return this;
    this.stack.push(...layers);
    const [first] = this.stack;
    if (first instanceof Layer && first.inputShape !== undefined) this.build(first.inputShape);
    return this;
  }

  /** Takes the last layer away. @throws ArgumentError where there is none */
  pop(): Module {
    const last = this.stack.pop();
    if (last === undefined) throw new ArgumentError('Sequential.pop', 'there are no layers');
    return last;
  }

  override forward(x: Tensor): Tensor {
    if (this.stack.length === 0)
      throw new ArgumentError('Sequential', 'it has no layers yet', 'Add some: model.add(layer).');
    let value = x;
    for (const layer of this.layers) value = layer.call(value) as Tensor;
    return value;
  }

  /** Layers go by their number alone: `0.kernel`, not `stack.0.kernel`. */
  protected override parts(): [path: string, part: Variable | Module][] {
    const others = super.parts().filter(([path]) => !path.startsWith('stack.'));
    return [...this.layers.map((layer, i): [string, Module] => [String(i), layer]), ...others];
  }
}

/**
 * The same as `new Sequential(layers)`.
 *
 * @example
 * const model = nn.sequential([new nn.Dense({ units: 8, activation: 'relu' }), new nn.Dense({ units: 2 })]);
 * model.call(zeros([3, 4])).shape; // → [3, 2]
 */
export function sequential(layers: readonly Module[]): Sequential {
  return new Sequential(layers);
}
