import { concat, flip, isTensor, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { setMask } from '../../masks.js';
import { checkChoice, checkOptions, shown } from '../../options.js';
import { paddingMask } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type Cell, checkStates } from './cell.js';
import { alongside } from './recurrence.js';
import { type RecurrentCallOptions, RecurrentLayer, type RecurrentOutput } from './recurrentLayer.js';

/** How the outputs of two directions become one. */
export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave';

/** Options of `Bidirectional`. */
export interface BidirectionalOptions<
  Merge extends MergeMode | null = MergeMode | null,
  WithState extends boolean = boolean,
> extends LayerOptions {
  /** What goes from the first step to the last; still without values, unless there is a `backwardLayer`. */
  layer: RecurrentLayer<Cell, WithState>;
  /** What goes from the last step to the first. @defaultValue a layer with the options of `layer` and parameters of its own */
  backwardLayer?: RecurrentLayer<Cell, WithState>;
  /** Both outputs side by side, their sum, product or mean; null for the two in an array. @defaultValue 'concat' */
  mergeMode?: Merge;
}

/** What `Bidirectional` gives: one output or two, and with `returnState` of the layers an array with the states behind. */
export type BidirectionalOutput<Merge extends MergeMode | null, WithState extends boolean> = Merge extends null
  ? [forward: Tensor, backward: Tensor, ...states: Tensor[]]
  : RecurrentOutput<WithState>;

/**
 * A recurrent layer in both directions of time: x [batch, time, ...] → the outputs of both, merged.
 *
 * Sequences (`returnSequences` of the layers) are brought in the order of the steps before they are merged, and steps that a mask skips are 0
 * in them (Keras). Without sequences the outputs are those of the last step in one direction and of the first in the other. States, given
 * and returned, are those of the one direction, then those of the other.
 *
 * @throws ArgumentError for layers that are not recurrent, go the same way, or differ in `returnSequences`, `returnState` or `stateful`;
 *   otherwise as `RNN`
 * @see Schuster & Paliwal 1997; https://keras.io/api/layers/recurrent_layers/bidirectional/
 * @example
 * const layer = new nn.Bidirectional({ layer: new nn.LSTM({ units: 4, returnSequences: true }) });
 * layer.call(ones([2, 10, 3])); // [2, 10, 8]
 */
export class Bidirectional<Merge extends MergeMode | null = 'concat', WithState extends boolean = false> extends Layer {
  readonly forwardLayer: RecurrentLayer<Cell, WithState>;
  readonly backwardLayer: RecurrentLayer<Cell, WithState>;
  private readonly mergeMode: MergeMode | null;

  constructor(options: BidirectionalOptions<Merge, WithState>) {
    checkOptions('Bidirectional', options, ['layer', 'backwardLayer', 'mergeMode', ...layerOptionNames]);
    super(options);
    const { layer, backwardLayer, mergeMode = 'concat' } = options;
    this.forwardLayer = checkRecurrent('layer', layer);
    this.backwardLayer =
      backwardLayer === undefined ? layer.reversed() : checkRecurrent('backwardLayer', backwardLayer);
    checkPair(this.forwardLayer, this.backwardLayer);
    this.mergeMode =
      mergeMode === null
        ? null
        : checkChoice<MergeMode>('Bidirectional', 'mergeMode', mergeMode, ['concat', 'sum', 'mul', 'ave']);
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  /** Lets stateful layers begin anew, from zeros. */
  resetStates(): void {
    this.forwardLayer.resetStates();
    this.backwardLayer.resetStates();
  }

  /** @param inputShape [time, ...features] */
  override build(inputShape: Shape): this {
    this.forwardLayer.build(inputShape);
    this.backwardLayer.build(inputShape);
    return this;
  }

  /** Shape of the merged output alone; with `mergeMode: null` of each of the two. */
  override computeOutputShape(inputShape: Shape): Shape {
    const shape = this.forwardLayer.computeOutputShape(inputShape);
    return this.mergeMode === 'concat' ? [...shape.slice(0, -1), 2 * shape.at(-1)!] : shape;
  }

  override forward(x: Tensor, options: RecurrentCallOptions = {}): BidirectionalOutput<Merge, WithState> {
    checkOptions('Bidirectional', options, ['mask', 'initialState']);
    const mask = paddingMask('Bidirectional', 'mask', options.mask, x);
    const [before, beforeBack] = this.halves(options.initialState ?? null);
    const [y, ...states] = listed(this.forwardLayer.call(x, { mask, initialState: before }));
    const [z, ...statesBack] = listed(this.backwardLayer.call(x, { mask, initialState: beforeBack }));
    const outputs = this.merge(y!, z!, mask);
    const all = [...outputs, ...states, ...statesBack];
    return (all.length === 1 ? all[0] : all) as BidirectionalOutput<Merge, WithState>;
  }

  /** The states for either direction. */
  private halves(given: RecurrentCallOptions['initialState'] | null): [InitialState, InitialState] {
    if (given === null || given === undefined) return [null, null];
    const count = this.forwardLayer.cell.stateSizes.length;
    const states = checkStates(
      'Bidirectional',
      isTensor(given) ? [given] : given,
      count + this.backwardLayer.cell.stateSizes.length,
    );
    return [states.slice(0, count), states.slice(count)];
  }

  /** What becomes of the outputs of both directions, with its mask. */
  private merge(y: Tensor, z: Tensor, mask: Tensor | null): Tensor[] {
    if (!this.forwardLayer.returnSequences) return this.merged(y, z);
    const backward = flip(z, { axis: 1 });
    if (mask === null) return this.merged(y, backward);
    const taken = this.forwardLayer.goBackwards ? flip(mask, { axis: 1 }) : mask;
    const [shownY, shownZ] = [y, backward].map((output) => where(alongside(taken, output), output, 0));
    return this.merged(shownY!, shownZ!).map((output) => setMask(output, taken));
  }

  private merged(y: Tensor, z: Tensor): Tensor[] {
    switch (this.mergeMode) {
      case 'concat':
        return [concat([y, z], { axis: -1 })];
      case 'sum':
        return [y.add(z)];
      case 'mul':
        return [y.mul(z)];
      case 'ave':
        return [y.add(z).div(2)];
      case null:
        return [y, z];
    }
  }
}

type InitialState = readonly Tensor[] | null;

const listed = (output: Tensor | readonly Tensor[]): readonly Tensor[] => (isTensor(output) ? [output] : output);

function checkRecurrent<Layer>(name: string, layer: Layer): Layer {
  if (layer instanceof RecurrentLayer) return layer;
  throw new ArgumentError(
    'Bidirectional',
    `got ${name} ${shown(layer)}; expected a recurrent layer`,
    'For example new nn.LSTM({ units: 8 }).',
  );
}

function checkPair(forward: RecurrentLayer, backward: RecurrentLayer): void {
  if (forward.goBackwards === backward.goBackwards)
    throw new ArgumentError(
      'Bidirectional',
      `got two layers with goBackwards ${forward.goBackwards}; expected one of each way`,
    );
  for (const name of ['returnSequences', 'returnState', 'stateful'] as const) {
    if (forward[name] !== backward[name])
      throw new ArgumentError(
        'Bidirectional',
        `got ${name} ${forward[name]} for layer and ${backward[name]} for backwardLayer; expected the same`,
      );
  }
}
