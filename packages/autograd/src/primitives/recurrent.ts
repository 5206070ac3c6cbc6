/**
 * Recurrent layers over whole sequences, time first. Their results are packed: all states and gates, flat, so that the
 * backward pass computes none of them again; functions/recurrent.ts takes out what users see.
 */

import * as kernels from '@cotangent/kernels';
import {
  type DType,
  DTypeError,
  isFloating,
  type Kernel,
  type Shape,
  ShapeError,
  shapesEqual,
  sizeOf,
} from '@cotangent/kernels';
import { where } from '../functions/elementwise.js';
import { concat } from '../functions/shape.js';
import type { Primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { type FusedRows, fused, type PullAttributes } from './fused.js';

/** The states of one step and what else is packed of it, from x W + b (all gates side by side) and the states before. */
type Step = (
  fromInputs: Tensor,
  states: readonly Tensor[],
  recurrent: Tensor,
  bias: Tensor,
) => { readonly states: readonly Tensor[]; readonly gates: Tensor | null };

/** What tells one layer from another. */
interface Layer {
  /** Name of the function, for messages. */
  readonly name: string;
  /** Columns of the kernel, in units. */
  readonly columns: number;
  /** Rows of the bias, where it has several. */
  readonly biasRows?: number;
  readonly states: readonly string[];
  parts(time: number, batch: number, units: number): readonly Shape[];
  readonly run: Kernel;
  readonly pull: Kernel<PullAttributes<undefined>>;
  readonly step: Step;
}

const flat = (x: Tensor): Tensor => x.reshape([x.size]);
/** Parts of `units` columns. */
const columnsOf = (x: Tensor, units: number): Tensor[] =>
  Array.from({ length: units === 0 ? 0 : x.shape.at(-1)! / units }, (_, k) =>
    x.slice(null, [k * units, (k + 1) * units]),
  );

/** The layer step by step. At masked steps the states stay, and the gates are 0. */
function composed(layer: Layer, [x, kernel, recurrent, bias, ...rest]: readonly Tensor[]): Tensor {
  const time = x!.shape[0]!;
  const mask = rest[layer.states.length];
  const fromInputs = x!.matmul(kernel!).add(layer.biasRows === undefined ? bias! : bias!.slice(0));
  let states: readonly Tensor[] = rest.slice(0, layer.states.length);
  const history = states.map((state) => [flat(state)]);
  const gates: Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const moved = layer.step(fromInputs.slice(t), states, recurrent!, bias!);
    const keep = mask?.slice(t).expandDims(-1);
    states = moved.states.map((state, k) => (keep === undefined ? state : where(keep, state, states[k]!)));
    for (const [k, state] of states.entries()) history[k]!.push(flat(state));
    if (moved.gates !== null) gates.push(flat(keep === undefined ? moved.gates : where(keep, moved.gates, 0)));
  }
  return concat([...history.flat(), ...gates]);
}

const lstmStep: Step = (fromInputs, [h, c], recurrent) => {
  const sums = fromInputs.add(h!.matmul(recurrent));
  const [zi, zf, zg, zo] = columnsOf(sums, h!.shape[1]!);
  const [i, f, g, o] = [zi!.sigmoid(), zf!.sigmoid(), zg!.tanh(), zo!.sigmoid()];
  const cell = f.mul(c!).add(i.mul(g));
  return { states: [o.mul(cell.tanh()), cell], gates: concat([i, f, g, o], { axis: 1 }) };
};

const gruStep: Step = (fromInputs, [h], recurrent, bias) => {
  const units = h!.shape[1]!;
  const [xz, xr, xn] = columnsOf(fromInputs, units);
  const [hz, hr, hn] = columnsOf(h!.matmul(recurrent).add(bias.slice(1)), units);
  const [z, r] = [xz!.add(hz!).sigmoid(), xr!.add(hr!).sigmoid()];
  const n = xn!.add(r.mul(hn!)).tanh();
  return { states: [n.add(z.mul(h!.sub(n)))], gates: concat([z, r, n, hn!], { axis: 1 }) };
};

const rnnStep: Step = (fromInputs, [h], recurrent) => ({
  states: [fromInputs.add(h!.matmul(recurrent)).tanh()],
  gates: null,
});

function checkShapes({ name, columns, biasRows, states }: Layer, shapes: readonly Shape[]): void {
  const [x, kernel, recurrent, bias, ...rest] = shapes as readonly [Shape, Shape, Shape, Shape, ...Shape[]];
  const [time, batch, features] = x as readonly [number, number, number];
  const units = recurrent[0]!;
  const wide = columns * units;
  const fits =
    x.length === 3 &&
    shapesEqual(kernel, [features, wide]) &&
    shapesEqual(recurrent, [units, wide]) &&
    shapesEqual(bias, biasRows === undefined ? [wide] : [biasRows, wide]) &&
    states.every((_, k) => shapesEqual(rest[k]!, [batch, units])) &&
    (rest.length === states.length || shapesEqual(rest.at(-1)!, [time, batch]));
  if (fits) return;
  const size = columns === 1 ? 'units' : `${columns} · units`;
  // In the order of the function's arguments: sequences first.
  const given: Record<string, Shape> = {
    x: [batch, time, features].slice(0, x.length),
    kernel,
    recurrentKernel: recurrent,
    bias,
  };
  for (const [k, state] of states.entries()) given[state] = rest[k]!;
  if (rest.length > states.length) given['mask'] = [...rest.at(-1)!].reverse();
  throw new ShapeError(
    name,
    given,
    `x [batch, time, features], kernel [features, ${size}], recurrentKernel [units, ${size}], bias [${biasRows === undefined ? '' : `${biasRows}, `}${size}], states [batch, units]${rest.length > states.length ? ', mask [batch, time]' : ''}`,
  );
}

function checkDTypes(layer: Layer, dtypes: readonly DType[]): DType {
  const count = 4 + layer.states.length;
  const [first] = dtypes as readonly [DType];
  const numbers = dtypes.slice(0, count);
  if (!isFloating(first) || numbers.some((dtype) => dtype !== first) || dtypes.slice(count).some((d) => d !== 'bool')) {
    const names = ['x', 'kernel', 'recurrentKernel', 'bias', ...layer.states, 'mask'];
    const given = Object.fromEntries(dtypes.map((dtype, i) => [names[i]!, dtype]));
    const mask = dtypes.length > count ? ', and a mask of bools' : '';
    throw new DTypeError(layer.name, given, `one floating dtype for all${mask}`, 'Convert with .cast().');
  }
  return first;
}

function recurrentRows(layer: Layer, masked: boolean): FusedRows<undefined> {
  const count = 4 + layer.states.length;
  return fused<undefined>({
    name: masked ? `${layer.name}Masked` : layer.name,
    inputs: ['x', 'kernel', 'recurrentKernel', 'bias', ...layer.states, ...(masked ? ['mask'] : [])],
    differentiable: count,
    shape: (shapes) => {
      checkShapes(layer, shapes);
      const [time, batch] = shapes[0] as readonly [number, number];
      return [layer.parts(time, batch, shapes[2]![0]!).reduce((sum, part) => sum + sizeOf(part), 0)];
    },
    dtype: (dtypes) => checkDTypes(layer, dtypes),
    run: layer.run,
    pull: layer.pull,
    composed: (inputs) => composed(layer, inputs),
  });
}

type Row = Primitive<undefined>;
type BackwardRow = Primitive<PullAttributes<undefined>>;

const lstmLayer: Layer = {
  name: 'lstm',
  columns: 4,
  states: ['h', 'c'],
  parts: kernels.lstmParts,
  run: kernels.lstm,
  pull: kernels.lstmBackward,
  step: lstmStep,
};
const lstmRows = [recurrentRows(lstmLayer, false), recurrentRows(lstmLayer, true)] as const;

/** i, f, o = σ(…), g = tanh(…); c = f c₋ + i g; h = o tanh c. */
export const lstm: Row = lstmRows[0].forward;
export const lstmBackward: BackwardRow = lstmRows[0].backward;
export const lstmMasked: Row = lstmRows[1].forward;
export const lstmMaskedBackward: BackwardRow = lstmRows[1].backward;

const gruLayer: Layer = {
  name: 'gru',
  columns: 3,
  biasRows: 2,
  states: ['h'],
  parts: kernels.gruParts,
  run: kernels.gru,
  pull: kernels.gruBackward,
  step: gruStep,
};
const gruRows = [recurrentRows(gruLayer, false), recurrentRows(gruLayer, true)] as const;

/** z, r = σ(…); n = tanh(x W + b + r (h₋ R + b′)); h = z h₋ + (1 − z) n. */
export const gru: Row = gruRows[0].forward;
export const gruBackward: BackwardRow = gruRows[0].backward;
export const gruMasked: Row = gruRows[1].forward;
export const gruMaskedBackward: BackwardRow = gruRows[1].backward;

const rnnLayer: Layer = {
  name: 'simpleRNN',
  columns: 1,
  states: ['h'],
  parts: kernels.rnnParts,
  run: kernels.simpleRNN,
  pull: kernels.simpleRNNBackward,
  step: rnnStep,
};
const rnnRows = [recurrentRows(rnnLayer, false), recurrentRows(rnnLayer, true)] as const;

/** h = tanh(x W + h₋ R + b). */
export const simpleRNN: Row = rnnRows[0].forward;
export const simpleRNNBackward: BackwardRow = rnnRows[0].backward;
export const simpleRNNMasked: Row = rnnRows[1].forward;
export const simpleRNNMaskedBackward: BackwardRow = rnnRows[1].backward;
