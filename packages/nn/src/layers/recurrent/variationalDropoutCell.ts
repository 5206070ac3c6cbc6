import type { Tensor } from '@cotangent/autograd';
import { Generator } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../../options.js';
import { type Cell, checkStates } from './cell.js';
import { dropoutMask } from './dropoutMask.js';
import { ModifierCell } from './modifierCells.js';

/** Options of `VariationalDropoutCell`. */
export interface VariationalDropoutCellOptions {
  /** The cell around which is dropped. */
  cell: Cell;
  /** Share of the input set to 0 in training. @defaultValue 0 */
  dropInputs?: number;
  /** Share of the first state set to 0 in training, before the step. @defaultValue 0 */
  dropStates?: number;
  /** Share of the output set to 0 in training. @defaultValue 0 */
  dropOutputs?: number;
  /** Makes dropout reproducible on its own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

type Place = 'inputs' | 'states' | 'outputs';

/**
 * Dropout around any cell, of the same features in all steps of a sequence (Gluon). What is left is scaled by 1 / (1 − rate).
 *
 * Of the states the first alone is hit: h of an LSTM, and not its c. The cells of this package have `dropout` and `recurrentDropout` for inputs
 * and states, which go all steps at once where only inputs are dropped.
 *
 * @throws ArgumentError for a cell that is none and for rates out of range
 * @see Gal & Ghahramani 2016, arXiv:1512.05287
 * @example new nn.RNN({ cell: new nn.VariationalDropoutCell({ cell: new nn.LSTMCell({ units: 8 }), dropOutputs: 0.2 }) })
 */
export class VariationalDropoutCell extends ModifierCell {
  private readonly rates: Readonly<Record<Place, number>>;
  private readonly generator: Generator | undefined;
  private masks: Partial<Record<Place, Tensor>> = {};

  constructor(options: VariationalDropoutCellOptions) {
    const name = 'VariationalDropoutCell';
    checkOptions(name, options, ['cell', 'dropInputs', 'dropStates', 'dropOutputs', 'seed']);
    super(name, options.cell);
    const rate = (option: 'dropInputs' | 'dropStates' | 'dropOutputs'): number =>
      checkNumber(name, option, options[option] ?? 0, { atLeast: 0, below: 1 });
    this.rates = { inputs: rate('dropInputs'), states: rate('dropStates'), outputs: rate('dropOutputs') };
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  override reset(): void {
    super.reset();
    this.masks = {};
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    checkStates('VariationalDropoutCell', states, this.stateSizes.length);
    const [first, ...others] = states;
    const before = first === undefined ? [] : [this.dropped('states', first), ...others];
    const [y, after] = this.step(this.dropped('inputs', x), before);
    return [this.dropped('outputs', y), [...after]];
  }

  private dropped(place: Place, x: Tensor): Tensor {
    const rate = this.rates[place];
    if (!this.training || rate === 0) return x;
    const mask = dropoutMask(this.masks[place] ?? null, x.shape, { rate, dtype: x.dtype, generator: this.generator });
    this.masks[place] = mask;
    return x.mul(mask);
  }
}
